"""What a run at work is doing, in the words that an owner reads on the page and an operator in the terminal."""

from app.models import RunStage

STAGE = {
    RunStage.CATALOG: "Читаем каталог Эвотора",
    RunStage.MARKET: "Сверяемся с товарами в ВК",
    RunStage.PLAN: "Готовим список изменений",
    RunStage.WAIT: "Ждём, чтобы проверить: на часть запросов ВК не ответил",
    RunStage.HIDE: "Скрываем товары",
    RunStage.EDIT: "Обновляем товары и цены",
    RunStage.SHOW: "Снова показываем товары",
    RunStage.ADD: "Добавляем товары",
    RunStage.ALBUMS: "Раскладываем по подборкам",
    RunStage.DELETE: "Удаляем скрытые раньше товары",
}
