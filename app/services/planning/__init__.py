"""Plans from what is stored, their brakes and approvals, and what they tell before they are carried out."""
