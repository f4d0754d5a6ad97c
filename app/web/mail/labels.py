"""What owners read of mails."""

from app.models import MailKind

KINDS = {
    MailKind.CONNECTION: "Эвотор или ВК ждёт вашего участия",
    MailKind.NO_GOOD_RUN: "Товары в ВК не обновляются больше суток",
    MailKind.APPROVAL: "Изменения ждут вашего решения",
    MailKind.WEEKLY_DIGEST: "Итоги недели, по понедельникам",
}
