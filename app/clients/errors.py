"""What went wrong at a vendor, as facts to decide by; the sentences for people are chosen elsewhere."""


class ApiError(Exception):
    """A call that failed. Carries no token, no request body and no answer body.

    `permanent`: the same call with the same token will fail again.
    `retry_after`: seconds to leave the vendor alone, where it is known.
    `token_rejected`: the token itself was refused.
    `outcome_unknown`: a write that may or may not have been applied; look before repeating it.
    `status`: HTTP status, None where no answer came.
    """

    def __init__(
        self,
        service: str,
        summary: str,
        *,
        permanent: bool,
        retry_after: float | None = None,
        token_rejected: bool = False,
        outcome_unknown: bool = False,
        status: int | None = None,
    ) -> None:
        super().__init__(f"{service}: {summary}")
        self.service = service
        self.permanent = permanent
        self.retry_after = retry_after
        self.token_rejected = token_rejected
        self.outcome_unknown = outcome_unknown
        self.status = status
