"""`python -m app.sandbox --port N`: serve the emulator on loopback until a signal comes."""

import argparse
import signal
import sys
from functools import partial
from pathlib import Path
from types import FrameType

from app.sandbox import create_sandbox
from app.sandbox.evotor.partner import Partner
from app.sandbox.goods import BadGoodsFile, load_store
from app.sandbox.seed import ACCOUNT_ID, seed_demo
from app.sandbox.server import listen


def main() -> int:
    options = _options()
    try:
        big_store = load_store(options.goods, ACCOUNT_ID, options.limit) if options.goods else None
    except BadGoodsFile as error:
        sys.stderr.write(f"{error}\n")
        return 2
    seed = partial(
        seed_demo,
        big_store=big_store,
        only=options.seed_only,
        vk_rate=options.vk_rate,
        page_size=options.page_size,
    )
    partner = Partner(options.webhooks, options.webhook_secret, options.hints)
    server = listen(create_sandbox(seed, partner), options.host, options.port)
    signal.signal(signal.SIGTERM, _stop)
    sys.stdout.write(f"sandbox ready on http://{options.host}:{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()
    return 0


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m app.sandbox", description="Emulator of Evotor and VK.")
    parser.add_argument("--port", type=int, required=True, help="0 chooses a free one")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--goods", type=Path, help="tab-separated goods file: one large store instead of the demo shop")
    parser.add_argument("--limit", type=int, help="only the first N goods of the file")
    parser.add_argument("--vk-rate", type=int, default=3, help="VK calls per second and user token; 0: no limit")
    parser.add_argument("--page-size", type=int, default=1000, help="items per page of Evotor")
    parser.add_argument("--seed-only", choices=["all", "evotor", "vk"], default="all", help="whose demo data to load")
    parser.add_argument("--webhooks", default="", metavar="URL", help="the product that Evotor's cabinet tells")
    parser.add_argument("--webhook-secret", default="", help="what is shown to it")
    parser.add_argument("--hints", action="store_true", help="tell it of goods that the control API changes")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
