"""What may be wrong with a file as a whole, or worth knowing: stable codes, and the operators' words for each.

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
    LOST_CLAIM = "lost_claim"
    # Nothing to do: `skipped`.
    ALREADY_LOADED = "already_loaded"
    ROLLED_BACK = "rolled_back"
    SAME_CONTENT = "same_content"
    IN_PROGRESS = "in_progress"
    # Never read: `skipped`.
    NOT_IN_PATTERNS = "not_in_patterns"
    NOT_A_FILE = "not_a_file"
    LINK_LEADS_OUT = "link_leads_out"
    # The file as bytes.
    NOT_READABLE = "not_readable"
    FOLDER_NOT_READABLE = "folder_not_readable"
    ENCRYPTED = "encrypted"
    DAMAGED = "damaged"
    WRONG_KIND = "wrong_kind"
    XML_DTD = "xml_dtd"
    # An archive.
    NESTED_ARCHIVE = "nested_archive"
    ARCHIVE_EMPTY = "archive_empty"
    ARCHIVE_WITHOUT_TABLES = "archive_without_tables"
    NO_MATCHING_MEMBERS = "no_matching_members"
    TOO_MANY_MEMBERS = "too_many_members"
    UNPACKS_TO_TOO_MUCH = "unpacks_to_too_much"
    ZIP_BOMB = "zip_bomb"
    UNPACKING_STOPPED = "unpacking_stopped"
    # A csv.
    NUL_BYTE = "nul_byte"
    BYTE_NOT_TEXT = "byte_not_text"
    BYTE_NOT_IN_ENCODING = "byte_not_in_encoding"
    CSV_CELL_TOO_LONG = "csv_cell_too_long"
    CSV_BLOCK_TOO_LONG = "csv_block_too_long"
    CSV_LINE_UNREADABLE = "csv_line_unreadable"
    CSV_UNREADABLE = "csv_unreadable"
    TOO_MANY_RAGGED_LINES = "too_many_ragged_lines"
    # A workbook.
    SHEET_MISSING = "sheet_missing"
    NO_VISIBLE_SHEET = "no_visible_sheet"
    WORKBOOK_TOO_SLOW = "workbook_too_slow"
    WORKBOOK_TOO_BIG = "workbook_too_big"
    # The file and its mapping.
    NO_MAPPING = "no_mapping"
    SEVERAL_MAPPINGS = "several_mappings"
    HEADER_NOT_FOUND = "header_not_found"
    HEADER_LINE_MISSING = "header_line_missing"
    TITLE_NOT_FOUND = "title_not_found"
    COLUMN_MISSING = "column_missing"
    COLUMN_RENAMED = "column_renamed"
    COLUMN_DOUBLED = "column_doubled"
    UNIT_DIFFERS = "unit_differs"
    CODE_NOT_IN_PATH = "code_not_in_path"
    CODE_NOT_IN_CELL = "code_not_in_cell"


_DRAFT = "составьте описание источника командой dataops sources new ФАЙЛ"
_REQUEST_AGAIN = "файл повреждён, запросите его ещё раз"
_TOO_LONG = "ячейка или строка длиннее {max_megabytes} МБ, или кавычка не закрыта: исправьте файл"

# What a library or the system says of the cause is not Russian: it goes onto a separate line, the last.
_TEMPLATES: dict[FileProblem, str] = {
    FileProblem.INTERNAL_ERROR: "ошибка программы на шаге «{step}»: передайте разработчикам журнал запуска\n{error}",
    FileProblem.INTERRUPTED: "запуск прерван; файл загружается заново",
    FileProblem.LOST_CLAIM: "загрузка {load_id} уже завершена или занята другим запуском",
    FileProblem.ALREADY_LOADED: "уже загружен: {source_file}, load_id {load_id}, {finished_at:%Y-%m-%d %H:%M} UTC",
    FileProblem.ROLLED_BACK: (
        "загрузка откачена: {source_file}, load_id {load_id}; загрузить снова: dataops replay {load_id}"
    ),
    FileProblem.SAME_CONTENT: "то же содержимое, что у {source_file}, load_id {load_id}",
    FileProblem.IN_PROGRESS: "сейчас загружается другим запуском: {source_file}, load_id {load_id}",
    FileProblem.NOT_IN_PATTERNS: (
        "не читается: имени нет среди FILE_PATTERNS; если это показания, попросите csv или xlsx или добавьте шаблон"
    ),
    FileProblem.NOT_A_FILE: "это {kind}: не открывается; положите в папку дня сами файлы",
    FileProblem.LINK_LEADS_OUT: "ссылка ведёт из папки дня: не открывается; положите в папку дня сам файл",
    FileProblem.FOLDER_NOT_READABLE: "папка не открывается, её файлы не загружены: проверьте права\n{error}",
    FileProblem.NOT_READABLE: "файл не открывается: проверьте права\n{error}",
    FileProblem.ENCRYPTED: "файл зашифрован паролем: запросите его без пароля",
    FileProblem.DAMAGED: "файл повреждён или передан не полностью: запросите его ещё раз\n{error}",
    FileProblem.WRONG_KIND: "это {kind}: такой файл не читается, попросите csv или xlsx",
    FileProblem.XML_DTD: "в части {part} есть DTD или сущности XML: файл опасен и не прочитан",
    FileProblem.NESTED_ARCHIVE: "архив внутри архива: распакуйте его и передайте файлы",
    FileProblem.ARCHIVE_EMPTY: "в архиве нет файлов: это {kind}, запросите его ещё раз",
    FileProblem.ARCHIVE_WITHOUT_TABLES: "это {kind} без таблиц или внутри другого архива: распакуйте его",
    FileProblem.NO_MATCHING_MEMBERS: "в архиве нет файлов по FILE_PATTERNS, есть: {members}",
    FileProblem.TOO_MANY_MEMBERS: "в архиве {members} файлов, разрешено {max_members}: разделите его",
    FileProblem.UNPACKS_TO_TOO_MUCH: (
        "после распаковки файл занял бы {megabytes} МБ, разрешено {max_megabytes} (MAX_UNPACKED_MB): не распакован"
    ),
    FileProblem.ZIP_BOMB: (
        "при распаковке файл вырос бы в {ratio} раз, разрешено в {max_ratio} (MAX_UNPACK_RATIO): "
        "похоже на zip-бомбу, не распакован"
    ),
    FileProblem.UNPACKING_STOPPED: (
        "при распаковке больше {max_megabytes} МБ (MAX_UNPACKED_MB, MAX_UNPACK_RATIO): не распакован"
    ),
    FileProblem.NUL_BYTE: f"нулевой байт на позиции {{offset}}: {_REQUEST_AGAIN}",
    FileProblem.BYTE_NOT_TEXT: f"байт на позиции {{offset}} не текст: {_REQUEST_AGAIN}",
    FileProblem.BYTE_NOT_IN_ENCODING: f"байт на позиции {{offset}} не текст в {{encoding}}: {_REQUEST_AGAIN}",
    FileProblem.CSV_CELL_TOO_LONG: f"csv не читается, строка {{line}}: {_TOO_LONG}",
    FileProblem.CSV_BLOCK_TOO_LONG: f"csv не читается: {_TOO_LONG}",
    FileProblem.CSV_LINE_UNREADABLE: "csv не читается, строка {line}: исправьте файл\n{error}",
    FileProblem.CSV_UNREADABLE: "csv не читается: исправьте файл\n{error}",
    FileProblem.TOO_MANY_RAGGED_LINES: (
        "в {max_lines} строках число ячеек не то, что в шапке (строка {line}: {cells}, в шапке {header_cells}): "
        "исправьте файл"
    ),
    FileProblem.SHEET_MISSING: (
        "нет листа {missing}; в книге есть: {sheets}. Исправьте sheet в описании источника или имя листа"
    ),
    FileProblem.NO_VISIBLE_SHEET: (
        "нет листа видимого; в книге есть: {sheets}. Исправьте sheet в описании источника или имя листа"
    ),
    FileProblem.WORKBOOK_TOO_SLOW: (
        "книга не прочитана за {seconds} с (WORKBOOK_TIMEOUT_SEC): попросите файл поменьше или csv"
    ),
    FileProblem.WORKBOOK_TOO_BIG: (
        "книге не хватило {megabytes} МБ памяти (WORKBOOK_MEMORY_MB), или она повреждена: "
        "удалите лишние ячейки далеко от таблицы или попросите csv"
    ),
    FileProblem.NO_MAPPING: f"ни одно описание источника не подходит к этому файлу: {_DRAFT}",
    FileProblem.SEVERAL_MAPPINGS: (
        "к файлу подходят сразу несколько описаний источников ({mappings}): уточните match или exclude"
    ),
    FileProblem.HEADER_NOT_FOUND: f"шапка не найдена: ни в одной из первых строк нет столбцов {{columns}}; {_DRAFT}",
    FileProblem.HEADER_LINE_MISSING: "в файле нет строки {line}, где по описанию источника стоит шапка",
    FileProblem.TITLE_NOT_FOUND: (
        "в файле нет строки с текстом «{title}», под которой по описанию источника стоит таблица"
    ),
    FileProblem.COLUMN_MISSING: (
        "нет столбца «{column}»; есть: {present}. Исправьте шапку файла или описание источника"
    ),
    FileProblem.COLUMN_RENAMED: (
        "нет столбца «{column}», похожий: «{similar}»; есть: {present}. Исправьте шапку файла или описание источника"
    ),
    FileProblem.COLUMN_DOUBLED: "столбец «{column}» встречается несколько раз ({columns}): оставьте один",
    FileProblem.UNIT_DIFFERS: (
        "столбец «{column}»: в файле единица «{unit}», а в описании источника «{expected}»: исправьте описание или файл"
    ),
    FileProblem.CODE_NOT_IN_PATH: (
        "ни в пути файла, ни в имени листа нет части «{group}», из которой берётся код {template}: "
        "переименуйте файл или исправьте identity в описании источника"
    ),
    FileProblem.CODE_NOT_IN_CELL: (
        "в ячейке {cell} нет кода (там «{text}»): заполните её или исправьте identity в описании источника"
    ),
}


def describe(problem: FileProblem, **data: object) -> str:
    """Return the operators' words for a problem."""
    return _TEMPLATES[problem].format(**data).rstrip()


class SkippedLines(StrEnum):
    """Kinds of lines that are not readings; the load log counts them by these words."""

    BLANK = "пустые строки"
    TOTAL = "итоговые строки"
    REPEATED_HEADER = "повторы шапки"
    NOTE = "примечания"
    BELOW_TABLE = "строки ниже таблицы"
    UNITS = "строки единиц и номеров столбцов"


class FileRemark(StrEnum):
    """What a person should know of a file that is loaded all the same; each value is the template of its text."""

    NO_ROWS = "в файле нет ни одной строки с данными"
    UNMAPPED_COLUMNS = "столбцы без описания, сохранены в сырье: {columns}"
    SKIPPED = "пропущено: {counts}"
