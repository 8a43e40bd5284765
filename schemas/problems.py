"""What may be wrong with a file as a whole: stable codes, and the operators' words for each.

The language of what is read: messages about files, rows and reference data are for operators and Russian (here and in
`schemas/reasons.py`); everything a developer or an administrator acts on (settings, mappings, database, commands) is
English. A line never mixes the two. Another language is another table of templates in these two modules.
"""

from __future__ import annotations

from enum import StrEnum


class FileProblem(StrEnum):
    """Stable codes; the load log shows them in `problem`."""

    # Not the file's fault.
    INTERNAL_ERROR = "internal_error"
    INTERRUPTED = "interrupted"
    # Nothing to do: `skipped`.
    ALREADY_LOADED = "already_loaded"
    ROLLED_BACK = "rolled_back"
    SAME_CONTENT = "same_content"
    IN_PROGRESS = "in_progress"
    # The file itself.
    NESTED_ARCHIVE = "nested_archive"
    OTHER = "other"
    NOT_READABLE = "not_readable"
    LOST_CLAIM = "lost_claim"


_TEMPLATES: dict[FileProblem, str] = {
    FileProblem.INTERNAL_ERROR: "ошибка программы на шаге «{step}»: передайте разработчикам журнал запуска\n{error}",
    FileProblem.INTERRUPTED: "запуск прерван; файл загружается заново",
    FileProblem.ALREADY_LOADED: "уже загружен: {source_file}, load_id {load_id}, {finished_at:%Y-%m-%d %H:%M} UTC",
    FileProblem.ROLLED_BACK: (
        "загрузка откачена: {source_file}, load_id {load_id}; загрузить снова: dataops replay {load_id}"
    ),
    FileProblem.SAME_CONTENT: "то же содержимое, что у {source_file}, load_id {load_id}",
    FileProblem.IN_PROGRESS: "сейчас загружается другим запуском: {source_file}, load_id {load_id}",
    FileProblem.NESTED_ARCHIVE: "архив внутри архива: распакуйте его и передайте файлы",
    FileProblem.OTHER: "{text}",
    FileProblem.NOT_READABLE: "файл не открывается ({why}): проверьте права",
    FileProblem.LOST_CLAIM: "загрузка {load_id} уже завершена или занята другим запуском",
}


def describe(problem: FileProblem, **data: object) -> str:
    """Return the operators' words for a problem."""
    return _TEMPLATES[problem].format(**data)
