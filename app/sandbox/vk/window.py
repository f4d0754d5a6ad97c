"""`/ui/club<id>`: what a buyer and the owner would see in the community's shop."""

from html import escape

from flask import Blueprint, Response, abort, current_app, request

from app.sandbox.state import World
from app.sandbox.vk.render import album_size, availability, price_text
from app.sandbox.vk.state import Album, Club, Item

blueprint = Blueprint("shop", __name__)

PER_PAGE = 60
STYLE = """
:root{--ink:#23272e;--quiet:#6b7480;--line:#dfe3e8;--paper:#fff;--ground:#f3f5f7;--accent:#3b6ea5}
*{box-sizing:border-box}body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.45 system-ui,sans-serif}
main{max-width:70rem;margin:0 auto;padding:1.5rem 1rem 4rem}h1{font-size:1.6rem;margin:0}
p{margin:.25rem 0}.quiet{color:var(--quiet)}nav{display:flex;flex-wrap:wrap;gap:.5rem;margin:1rem 0 1.5rem}
nav a{padding:.3rem .8rem;border:1px solid var(--line);border-radius:1rem;background:var(--paper);color:var(--accent);
text-decoration:none}nav a[aria-current]{background:var(--accent);color:#fff}
ul{list-style:none;margin:0;padding:0;display:grid;gap:1rem;grid-template-columns:repeat(auto-fill,minmax(11rem,1fr))}
li{background:var(--paper);border:1px solid var(--line);border-radius:.6rem;overflow:hidden}
li img{display:block;width:100%;aspect-ratio:3/4;object-fit:cover;background:var(--ground)}
li div{padding:.6rem .8rem .9rem}li h2{font-size:.95rem;font-weight:500;margin:.2rem 0;overflow-wrap:anywhere}
.price{font-weight:700;font-size:1.1rem}.out img{opacity:.45}
.mark{display:inline-block;background:#f6e7c8;border-radius:.3rem;padding:0 .4rem;font-size:.8rem}
"""


@blueprint.get("/ui/club<int:club_id>")
def show(club_id: int) -> Response:
    world: World = current_app.config["WORLD"]
    with world.lock:
        club = world.vk.clubs.get(club_id)
        if club is None:
            abort(404)
        return Response(_page(club), mimetype="text/html")


@blueprint.get("/ui/club<int:club_id>.svg")
def picture(club_id: int) -> Response:
    """What the community shows of itself: its own colour, and the first letter of its name."""
    world: World = current_app.config["WORLD"]
    club = world.vk.clubs.get(club_id)
    if club is None:
        abort(404)
    return Response(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">'
        f'<rect width="100" height="100" fill="hsl({club.id * 47 % 360} 45% 45%)"/>'
        '<text x="50" y="68" font-size="52" text-anchor="middle" fill="#fff" font-family="sans-serif">'
        f"{escape(club.name[:1])}</text></svg>",
        mimetype="image/svg+xml",
    )


def _page(club: Club) -> str:
    album = club.albums.get(request.args.get("album", 0, type=int))
    items = [
        item
        for item in (club.items[item_id] for item_id in reversed(club.item_order))
        if item.deleted_at is None and (album is None or album.id in item.album_ids)
    ]
    asked = request.args.get("w", "").removeprefix(f"product-{club.id}_")
    items = [item for item in items if str(item.id) == asked] or items
    number = max(1, request.args.get("page", 1, type=int))
    shown = items[(number - 1) * PER_PAGE : number * PER_PAGE]
    hidden = sum(availability(club, item) != 0 for item in items)
    title = escape(club.name)
    cards = "".join(_card(club, item) for item in shown) or "<p>Товаров пока нет.</p>"
    state = "" if club.market_enabled else "<p><span class='mark'>магазин выключен</span></p>"
    return (
        f'<!doctype html><html lang="ru"><head><meta charset="utf-8"><title>{title}: товары</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{STYLE}</style></head><body><main>'
        f'<h1>{title}</h1>{state}<p class="quiet">Товаров: {len(items)}, из них недоступно покупателям: {hidden}</p>'
        f"{_albums(club, album)}<ul>{cards}</ul>{_pages(number, len(items), album)}</main></body></html>"
    )


def _albums(club: Club, chosen: Album | None) -> str:
    links = [_link("?", "Все товары", chosen is None and "w" not in request.args)]
    links += [
        _link(f"?album={album.id}", f"{album.title} · {album_size(club, album)}", album is chosen)
        for album in club.albums.values()
    ]
    return f'<nav aria-label="Подборки">{"".join(links)}</nav>'


def _pages(number: int, total: int, album: Album | None) -> str:
    last = -(-total // PER_PAGE)
    if last < 2:
        return ""
    start = f"?album={album.id}&amp;page=" if album else "?page="
    links = [_link(f"{start}{page}", str(page), page == number) for page in range(1, last + 1)]
    return f'<nav aria-label="Страницы">{"".join(links)}</nav>'


def _link(address: str, text: str, current: bool) -> str:
    mark = ' aria-current="page"' if current else ""
    return f'<a href="{address}"{mark}>{escape(text)}</a>'


def _card(club: Club, item: Item) -> str:
    out = availability(club, item) != 0
    why = "нет в наличии" if item.stock_amount == 0 and club.extended else "скрыт"
    picture = f'<img src="/photos/{item.main_photo_id}/x.jpg" alt="" loading="lazy">' if item.main_photo_id else ""
    stock = "" if item.stock_amount is None else f'<p class="quiet">Остаток: {item.stock_amount}</p>'
    sku = f'<p class="quiet"><small>{escape(item.sku)}</small></p>' if item.sku else ""
    mark = f'<span class="mark">{why}</span>' if out else ""
    return (
        f'<li{" class=out" if out else ""}>{picture}<div>{mark}<p class="price">{price_text(item.price)}</p>'
        f"<h2>{escape(item.name)}</h2>{stock}{sku}</div></li>"
    )
