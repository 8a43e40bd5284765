"""What may be wrong with a file or a step, or worth knowing: stable codes, and the words for each in every language.

Operators read Russian: the load log, reports, the last line of a run. Developers and administrators read English: logs,
and what is wrong with settings, mappings, database and commands. A line never mixes the two. The operators' words for
rows are in `schemas/reasons.py`, for reference data in `schemas/reference.py`. Another language is another field of
`Words`.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import NamedTuple


class Language(IntEnum):
    """Who reads: operators Russian, developers and administrators English; the value is the place in `Words`."""

    RUSSIAN = 0
    ENGLISH = 1


class Words(NamedTuple):
    """The same in each language: a word, a sentence, or the template of one."""

    russian: str
    english: str


class FileProblem(StrEnum):
    """Stable codes; the load log shows them in `problem`."""

    # Not the file's fault.
    INTERNAL_ERROR = "internal_error"
    INTERRUPTED = "interrupted"
    UNFINISHED = "unfinished"
    # Nothing to do: `skipped`.
    ALREADY_LOADED = "already_loaded"
    ROLLED_BACK = "rolled_back"
    SAME_CONTENT = "same_content"
    IN_PROGRESS = "in_progress"
    # It waits for a person: `held`, and `skipped` when the same content comes again, or a newer version of it.
    HELD = "held"
    STILL_HELD = "still_held"
    SUPERSEDED = "superseded"
    # Never read: `skipped`.
    NOT_IN_PATTERNS = "not_in_patterns"
    NOT_A_FILE = "not_a_file"
    NOT_IN_DAY_FOLDER = "not_in_day_folder"
    NOT_A_DAY_FOLDER = "not_a_day_folder"
    LINK_LEADS_OUT = "link_leads_out"
    # The file as bytes.
    NOT_READABLE = "not_readable"
    FOLDER_NOT_READABLE = "folder_not_readable"
    VANISHED = "vanished"
    CHANGED_WHILE_READ = "changed_while_read"
    ENCRYPTED = "encrypted"
    DAMAGED = "damaged"
    WRONG_KIND = "wrong_kind"
    KIND_DIFFERS = "kind_differs"
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
    # A csv, or a text of fixed width.
    NUL_BYTE = "nul_byte"
    BYTE_NOT_TEXT = "byte_not_text"
    BYTE_NOT_IN_ENCODING = "byte_not_in_encoding"
    CSV_LINE_TOO_LONG = "csv_line_too_long"
    CSV_UNREADABLE = "csv_unreadable"
    FIXED_LINE_TOO_LONG = "fixed_line_too_long"
    SURPLUS_CELLS = "surplus_cells"
    # A workbook.
    SHEET_MISSING = "sheet_missing"
    NO_VISIBLE_SHEET = "no_visible_sheet"
    WORKBOOK_TOO_SLOW = "workbook_too_slow"
    WORKBOOK_TOO_BIG = "workbook_too_big"
    PAGE_TOO_BIG = "page_too_big"
    DBF_COLUMN_TYPE = "dbf_column_type"
    # A file of nodes, XML or JSON.
    NO_ROWS_AT_PATH = "no_rows_at_path"
    SEVERAL_NODES = "several_nodes"
    NODES_LEFT_BESIDE = "nodes_left_beside"
    PATH_FAILED = "path_failed"
    # The file and its mapping.
    NO_MAPPING = "no_mapping"
    MAPPING_HAS_ERROR = "mapping_has_error"
    NOT_ALL_IN_STAGE = "not_all_in_stage"
    SEVERAL_MAPPINGS = "several_mappings"
    FITS_BUT_FOR_NAME = "fits_but_for_name"
    NO_MAPPING_NO_HEADER = "no_mapping_no_header"
    HEADER_NOT_FOUND = "header_not_found"
    HEADER_LINE_MISSING = "header_line_missing"
    TITLE_NOT_FOUND = "title_not_found"
    COLUMN_MISSING = "column_missing"
    COLUMN_RENAMED = "column_renamed"
    COLUMN_DOUBLED = "column_doubled"
    COLUMN_CLAIMED_TWICE = "column_claimed_twice"
    NO_COLUMN_MATCHES = "no_column_matches"
    TOO_FEW_COLUMNS = "too_few_columns"
    INTERVAL_NOT_READ = "interval_not_read"
    INTERVALS_DO_NOT_FIT = "intervals_do_not_fit"
    UNIT_DIFFERS = "unit_differs"
    UNIT_NOT_FOUND = "unit_not_found"
    UNIT_UNFIT = "unit_unfit"
    CODE_NOT_IN_PATH = "code_not_in_path"
    CODE_NOT_IN_CELL = "code_not_in_cell"
    CODE_NOT_ABOVE = "code_not_above"
    DATE_NOT_FOUND = "date_not_found"
    DATE_IMPOSSIBLE = "date_impossible"
    CODE_NOT_IN_HEADING = "code_not_in_heading"


class Step(StrEnum):
    """The steps of a run, named as the Prefect UI names their flows; `transform` is two: `refresh` and `dbt`."""

    INGEST = "ingest"
    VALIDATE = "validate"
    LOAD = "load"
    REFRESH = "refresh"
    DBT = "dbt"
    REPORT = "report"


class StepProblem(StrEnum):
    """Why a step failed as a whole; what has no code here is told by the error that ended it, in English."""

    FAILED = "failed"
    MAPPINGS_HAVE_ERRORS = "mappings_have_errors"
    DBT_NODES_FAILED = "dbt_nodes_failed"
    ARTIFACTS_NOT_WRITABLE = "artifacts_not_writable"


class Kind(StrEnum):
    """What a file is."""

    EMPTY = "empty"
    TEXT = "text"
    WORKBOOK = "workbook"
    ZIP = "zip"
    GZIP = "gzip"
    HTML = "html"
    PDF = "pdf"
    RTF = "rtf"
    XML = "xml"
    JSON = "json"
    DBF = "dbf"
    RAR = "rar"
    SEVEN_ZIP = "7z"
    WORD = "word"
    SLIDES = "slides"
    IMAGE = "image"
    BINARY = "binary"
    PIPE = "pipe"
    SOCKET = "socket"
    DEVICE = "device"
    LINK_TO_FOLDER = "link_to_folder"
    BROKEN_LINK = "broken_link"


class DatePlace(StrEnum):
    """Where a mapping looks for a date that is in no column."""

    FILE_NAME = "file_name"
    PATH = "path"
    SHEET = "sheet"
    CELL = "cell"
    ABOVE = "above"


Problem = FileProblem | StepProblem
Term = Kind | Step | DatePlace

_TERMS: dict[Term, Words] = {
    Kind.EMPTY: Words("пустой файл", "an empty file"),
    Kind.TEXT: Words("текст", "a text"),
    Kind.WORKBOOK: Words("книга Excel или ODS", "a workbook of Excel or ODS"),
    Kind.ZIP: Words("архив zip", "a zip archive"),
    Kind.GZIP: Words("архив gzip", "a gzip archive"),
    Kind.HTML: Words("страница html", "an html page"),
    Kind.PDF: Words("документ pdf", "a pdf document"),
    Kind.RTF: Words("документ rtf", "an rtf document"),
    Kind.XML: Words("таблица или документ XML", "an XML table or document"),
    Kind.JSON: Words("файл JSON", "a JSON file"),
    Kind.DBF: Words("таблица dBase", "a dBase table"),
    Kind.RAR: Words("архив rar", "a rar archive"),
    Kind.SEVEN_ZIP: Words("архив 7z", "a 7z archive"),
    Kind.WORD: Words("документ Word", "a Word document"),
    Kind.SLIDES: Words("презентация", "a presentation"),
    Kind.IMAGE: Words("картинка", "an image"),
    Kind.BINARY: Words("двоичный файл неизвестного вида", "a binary file of an unknown kind"),
    Kind.PIPE: Words("именованный канал", "a named pipe"),
    Kind.SOCKET: Words("сокет", "a socket"),
    Kind.DEVICE: Words("устройство", "a device"),
    Kind.LINK_TO_FOLDER: Words("ссылка на папку", "a link to a folder"),
    Kind.BROKEN_LINK: Words("ссылка, которая никуда не ведёт", "a link that leads nowhere"),
    Step.INGEST: Words("чтение", "reading"),
    Step.VALIDATE: Words("проверка", "validation"),
    Step.LOAD: Words("загрузка", "loading"),
    Step.REFRESH: Words("обновление агрегатов", "refresh of aggregates"),
    Step.DBT: Words("расчёт признаков", "features"),
    Step.REPORT: Words("отчёт", "report"),
    DatePlace.FILE_NAME: Words("в имени файла", "the file's name"),
    DatePlace.PATH: Words("в пути файла", "the file's path"),
    DatePlace.SHEET: Words("в имени листа", "the sheet's name"),
    DatePlace.CELL: Words("в ячейке", "the cell"),
    DatePlace.ABOVE: Words("над таблицей", "what is above the table"),
}

_DRAFT = Words(
    "составьте описание источника командой dataops sources new ФАЙЛ",
    "draft a mapping with dataops sources new FILE",
)
_REQUEST_AGAIN = Words("файл повреждён, запросите его ещё раз", "the file is damaged, request it again")
_CORRECT_SHEET = Words(
    "Исправьте sheet в описании источника или имя листа", "Correct sheet in the mapping, or the sheet's name"
)

# What a library or the system says of the cause is English: it goes onto a separate line, the last. Some quote whole
# pages of a damaged file.
_MAX_CAUSE = 500
_TEMPLATES: dict[Problem, Words] = {
    FileProblem.INTERNAL_ERROR: Words(
        "ошибка программы на шаге «{step}»: передайте разработчикам журнал запуска\n{error}",
        "a bug of the program, step {step}: send the run's log to the developers\n{error}",
    ),
    FileProblem.INTERRUPTED: Words(
        "запуск прерван; файл загружается заново", "the run was interrupted; the file is loaded from the start"
    ),
    FileProblem.UNFINISHED: Words("не закончен", "not finished"),
    FileProblem.ALREADY_LOADED: Words(
        "уже загружен: {source_file}, load_id {load_id}, {finished_at:%Y-%m-%d %H:%M} UTC",
        "loaded already: {source_file}, load_id {load_id}, {finished_at:%Y-%m-%d %H:%M} UTC",
    ),
    FileProblem.ROLLED_BACK: Words(
        "загрузка откачена: {source_file}, load_id {load_id}; загрузить снова: dataops replay {load_id}",
        "was rolled back: {source_file}, load_id {load_id}; to load it again: dataops replay {load_id}",
    ),
    FileProblem.SAME_CONTENT: Words(
        "то же содержимое, что у {source_file}, load_id {load_id}",
        "the same content as {source_file}, load_id {load_id}",
    ),
    FileProblem.IN_PROGRESS: Words(
        "сейчас загружается другим запуском: {source_file}, load_id {load_id}",
        "another run is loading it: {source_file}, load_id {load_id}",
    ),
    FileProblem.HELD: Words(
        "ждёт решения: изменил бы {changed} из {met} показаний, которые уже в core, а это больше "
        "HOLD_CHANGED_SHARE={share}. Проверьте файл; загрузить: dataops release {load_id}; новая версия его заменит",
        "held: it would change {changed} of {met} readings that are in core already, more than "
        "HOLD_CHANGED_SHARE={share}. Check the file; to load it: dataops release {load_id}; a newer one replaces it",
    ),
    FileProblem.STILL_HELD: Words(
        "ждёт решения с {finished_at:%Y-%m-%d %H:%M} UTC: {source_file}; загрузить: dataops release {load_id}",
        "held since {finished_at:%Y-%m-%d %H:%M} UTC: {source_file}; to load it: dataops release {load_id}",
    ),
    FileProblem.SUPERSEDED: Words(
        "не загружен: вместо него пришла новая версия файла", "not loaded: a newer version of the file came instead"
    ),
    FileProblem.NOT_IN_PATTERNS: Words(
        "не читается: имени нет среди FILE_PATTERNS; если это показания, попросите csv или xlsx или добавьте шаблон",
        "not read: the name is not in FILE_PATTERNS; if these are readings, request csv or xlsx, or add a pattern",
    ),
    FileProblem.NOT_A_FILE: Words(
        "это {kind}: не открывается; положите в папку дня сами файлы",
        "this is {kind}: not opened; put the files themselves into the day's folder",
    ),
    FileProblem.NOT_IN_DAY_FOLDER: Words(
        "лежит в RAW_DIR вне папки дня: не читается; переложите в папку дня (ГГГГ-ММ-ДД)",
        "lies in RAW_DIR outside any day's folder: not read; move it into the folder of its day (YYYY-MM-DD)",
    ),
    FileProblem.NOT_A_DAY_FOLDER: Words(
        "папка в RAW_DIR, имя которой не дата ГГГГ-ММ-ДД: её файлы не читаются; переименуйте её или переложите файлы",
        "a folder of RAW_DIR whose name is no date YYYY-MM-DD: its files are not read; rename it, or move them",
    ),
    FileProblem.LINK_LEADS_OUT: Words(
        "ссылка ведёт из папки дня: не открывается; положите в папку дня сам файл",
        "the link leads out of the day's folder: not opened; put the file itself into the day's folder",
    ),
    FileProblem.FOLDER_NOT_READABLE: Words(
        "папка не открывается, её файлы не загружены: проверьте права\n{error}",
        "the folder cannot be opened, its files are not loaded: check its permissions\n{error}",
    ),
    FileProblem.NOT_READABLE: Words(
        "файл не открывается: проверьте права\n{error}", "the file cannot be opened: check its permissions\n{error}"
    ),
    FileProblem.VANISHED: Words(
        "файл исчез, пока его читали: верните его в папку дня, следующий запуск загрузит его",
        "the file vanished while it was read: put it back into the day's folder, and the next run loads it",
    ),
    FileProblem.CHANGED_WHILE_READ: Words(
        "файл изменился, пока его читали: кладите файлы под временным именем и переименовывайте готовые; "
        "следующий запуск загрузит его",
        "the file changed while it was read: deliver files under a temporary name and rename them when complete; "
        "the next run loads it",
    ),
    FileProblem.ENCRYPTED: Words(
        "файл зашифрован паролем: запросите его без пароля",
        "the file is encrypted with a password: request it without one",
    ),
    FileProblem.DAMAGED: Words(
        "файл повреждён или передан не полностью: запросите его ещё раз\n{error}",
        "the file is damaged or incomplete: request it again\n{error}",
    ),
    FileProblem.WRONG_KIND: Words(
        "это {kind}: такой файл не читается, попросите csv или xlsx",
        "this is {kind}, which is not read: request csv or xlsx",
    ),
    FileProblem.KIND_DIFFERS: Words(
        "это {kind}, а описание источника читает другое ({expected}): исправьте match в описании или запросите файл "
        "ещё раз",
        "this is {kind}, but its mapping reads another kind ({expected}): correct match in the mapping, or request the "
        "file again",
    ),
    FileProblem.XML_DTD: Words(
        "в части {part} есть DTD или сущности XML: файл опасен и не прочитан",
        "part {part} holds a DTD or XML entities: the file is dangerous and was not read",
    ),
    FileProblem.NESTED_ARCHIVE: Words(
        "архив внутри архива: распакуйте его и передайте файлы",
        "an archive inside an archive: unpack it and send the files",
    ),
    FileProblem.ARCHIVE_EMPTY: Words(
        "в архиве нет файлов: это {kind}, запросите его ещё раз",
        "the archive holds no files: this is {kind}, request it again",
    ),
    FileProblem.ARCHIVE_WITHOUT_TABLES: Words(
        "это {kind} без таблиц или внутри другого архива: распакуйте его",
        "this is {kind} without tables or inside another archive: unpack it",
    ),
    FileProblem.NO_MATCHING_MEMBERS: Words(
        "в архиве нет файлов по FILE_PATTERNS, есть: {members}",
        "no file in the archive matches FILE_PATTERNS, there are: {members}",
    ),
    FileProblem.TOO_MANY_MEMBERS: Words(
        "в архиве {members} файлов, разрешено {max_members}: разделите его",
        "the archive holds {members} files, {max_members} are allowed: split it",
    ),
    FileProblem.UNPACKS_TO_TOO_MUCH: Words(
        "после распаковки файл занял бы {megabytes} МБ, разрешено {max_megabytes} (MAX_UNPACKED_MB): не распакован",
        "unpacked, the file would take {megabytes} MB, {max_megabytes} are allowed (MAX_UNPACKED_MB): not unpacked",
    ),
    FileProblem.ZIP_BOMB: Words(
        "при распаковке файл вырос бы в {ratio} раз, разрешено в {max_ratio} (MAX_UNPACK_RATIO): "
        "похоже на zip-бомбу, не распакован",
        "unpacked, the file would grow {ratio} times, {max_ratio} is allowed (MAX_UNPACK_RATIO): "
        "this looks like a zip bomb, not unpacked",
    ),
    FileProblem.UNPACKING_STOPPED: Words(
        "при распаковке больше {max_megabytes} МБ (MAX_UNPACKED_MB, MAX_UNPACK_RATIO): не распакован",
        "unpacks to more than {max_megabytes} MB (MAX_UNPACKED_MB, MAX_UNPACK_RATIO): not unpacked",
    ),
    FileProblem.NUL_BYTE: Words(
        f"нулевой байт на позиции {{offset}}: {_REQUEST_AGAIN.russian}",
        f"a NUL byte at offset {{offset}}: {_REQUEST_AGAIN.english}",
    ),
    FileProblem.BYTE_NOT_TEXT: Words(
        f"байт на позиции {{offset}} не текст: {_REQUEST_AGAIN.russian}",
        f"the byte at offset {{offset}} is not text: {_REQUEST_AGAIN.english}",
    ),
    FileProblem.BYTE_NOT_IN_ENCODING: Words(
        f"байт на позиции {{offset}} не текст в {{encoding}}: {_REQUEST_AGAIN.russian}",
        f"the byte at offset {{offset}} is not text in {{encoding}}: {_REQUEST_AGAIN.english}",
    ),
    FileProblem.CSV_LINE_TOO_LONG: Words(
        "csv не читается: строка {line} длиннее {max_megabytes} МБ. Исправьте файл",
        "the csv cannot be read: line {line} is longer than {max_megabytes} MB. Correct the file",
    ),
    FileProblem.CSV_UNREADABLE: Words(
        "csv не читается: исправьте файл\n{error}", "the csv cannot be read: correct the file\n{error}"
    ),
    FileProblem.FIXED_LINE_TOO_LONG: Words(
        "текст со столбцами по позициям (positions) не читается: строка {line} длиннее {max_megabytes} МБ. "
        "Исправьте файл",
        "the text with columns at fixed positions cannot be read: line {line} is longer than {max_megabytes} MB. "
        "Correct the file",
    ),
    FileProblem.SURPLUS_CELLS: Words(
        "в {lines} строках из {readings} заполнены ячейки, над которыми нет заголовка ({columns}): похоже, запятая "
        "внутри чисел стала разделителем или столбец не подписан. Исправьте разделитель или шапку файла",
        "{lines} of {readings} lines have filled cells without a heading ({columns}): it looks like decimal commas in "
        "a file separated by commas, or a column without a name. Correct the delimiter or the header",
    ),
    FileProblem.SHEET_MISSING: Words(
        f"нет листа {{missing}}; в книге есть: {{sheets}}; скрыты: {{hidden}}. {_CORRECT_SHEET.russian}",
        f"there is no sheet {{missing}}; the workbook has: {{sheets}}; hidden: {{hidden}}. {_CORRECT_SHEET.english}",
    ),
    FileProblem.NO_VISIBLE_SHEET: Words(
        f"видимых листов в книге нет; скрыты: {{hidden}}. {_CORRECT_SHEET.russian}",
        f"the workbook has no visible sheet; hidden: {{hidden}}. {_CORRECT_SHEET.english}",
    ),
    FileProblem.WORKBOOK_TOO_SLOW: Words(
        "книга не прочитана за {seconds} с (WORKBOOK_TIMEOUT_SEC): попросите файл поменьше или csv",
        "the workbook was not read within {seconds} s (WORKBOOK_TIMEOUT_SEC): request a smaller file or csv",
    ),
    FileProblem.PAGE_TOO_BIG: Words(
        "это {kind}, и в файле больше {max_megabytes} МБ: попросите csv или файл поменьше",
        "this is {kind} of more than {max_megabytes} MB: request csv, or a smaller file",
    ),
    FileProblem.DBF_COLUMN_TYPE: Words(
        "столбец «{column}» таблицы dBase имеет тип {type}, который не читается: попросите файл без него или csv",
        "column «{column}» of the dBase table is of type {type}, which is not read: request a file without it, or csv",
    ),
    FileProblem.NO_ROWS_AT_PATH: Words(
        "по пути {path} в файле ничего нет: исправьте rows в описании источника или запросите файл ещё раз",
        "nothing in the file is at the path {path}: correct rows in the mapping, or request the file again",
    ),
    FileProblem.SEVERAL_NODES: Words(
        "столбец «{column}», строка {line}: по пути {path} нашлось {count} узлов, а не один. "
        "Исправьте columns в описании источника",
        "column «{column}», line {line}: the path {path} finds {count} nodes, not one. Correct columns in the mapping",
    ),
    FileProblem.NODES_LEFT_BESIDE: Words(
        "столбец «{column}»: рядом с {count} строками по пути {path} есть ещё значения, у которых нет строки. "
        "Проверьте файл или исправьте columns в описании источника",
        "column «{column}»: beside {count} rows the path {path} finds more values, which have no row. Check the file, "
        "or correct columns in the mapping",
    ),
    FileProblem.PATH_FAILED: Words(
        "путь {path} («{key}») не вычисляется: исправьте его в описании источника\n{error}",
        "the path {path} («{key}») cannot be evaluated: correct it in the mapping\n{error}",
    ),
    FileProblem.WORKBOOK_TOO_BIG: Words(
        "книге не хватило {megabytes} МБ памяти (WORKBOOK_MEMORY_MB), или она повреждена: "
        "удалите лишние ячейки далеко от таблицы или попросите csv",
        "the workbook needs more than {megabytes} MB of memory (WORKBOOK_MEMORY_MB), or is damaged: "
        "delete stray cells far from the table, or request csv",
    ),
    FileProblem.NO_MAPPING: Words(
        f"ни одно описание источника не подходит к этому файлу: {_DRAFT.russian}",
        f"no mapping takes this file: {_DRAFT.english}",
    ),
    FileProblem.MAPPING_HAS_ERROR: Words(
        "файл ждёт: его могло бы взять описание источника с ошибкой ({mappings}); исправьте его и повторите запуск",
        "the file waits: a mapping with an error ({mappings}) could take it; correct that, and run the day again",
    ),
    FileProblem.NOT_ALL_IN_STAGE: Words(
        "описание источника изменилось, а в стейдже есть не все строки файла, которые по нему могли бы читаться: "
        "верните файл в папку дня и переиграйте его",
        "the mapping has changed, and stage has not all lines of the file that it could take: "
        "put the file back into the day's folder, and replay it",
    ),
    FileProblem.SEVERAL_MAPPINGS: Words(
        "к файлу подходят сразу несколько описаний источников ({mappings}): уточните match или exclude",
        "several mappings take the file ({mappings}): narrow match or exclude",
    ),
    FileProblem.FITS_BUT_FOR_NAME: Words(
        "ни одно описание источника не подходит к имени этого файла; по листу и столбцам подходит: {mappings}. "
        "Добавьте имя файла в match этого описания или переименуйте файл",
        "no mapping takes a file of this name; sheet and columns are those of {mappings}. "
        "Add the name to match of this mapping, or rename the file",
    ),
    FileProblem.NO_MAPPING_NO_HEADER: Words(
        "ни одно описание источника не подходит к имени этого файла, а для формата договора о данных шапка не найдена: "
        f"ни в одной из первых строк нет столбцов {{columns}}; {_DRAFT.russian}",
        "no mapping takes a file of this name, and for the data contract there is no header: none of the first lines "
        f"has the columns {{columns}}; {_DRAFT.english}",
    ),
    FileProblem.HEADER_NOT_FOUND: Words(
        f"шапка не найдена: ни в одной из первых строк нет столбцов {{columns}}; {_DRAFT.russian}",
        f"no header: none of the first lines has the columns {{columns}}; {_DRAFT.english}",
    ),
    FileProblem.HEADER_LINE_MISSING: Words(
        "в файле нет строки {line}, где по описанию источника стоит шапка",
        "the file has no line {line}, where its mapping expects the header",
    ),
    FileProblem.TITLE_NOT_FOUND: Words(
        "в файле нет строки с текстом «{title}», под которой по описанию источника стоит таблица",
        "no line of the file has the text «{title}», below which its mapping expects the table",
    ),
    FileProblem.COLUMN_MISSING: Words(
        "нет столбца «{column}»; есть: {present}. Исправьте шапку файла или описание источника",
        "there is no column «{column}»; there are: {present}. Correct the file's header or the mapping",
    ),
    FileProblem.COLUMN_RENAMED: Words(
        "нет столбца «{column}», похожий: «{similar}»; есть: {present}. Исправьте шапку файла или описание источника",
        "there is no column «{column}», the nearest is «{similar}»; there are: {present}. Correct the file's header or "
        "the mapping",
    ),
    FileProblem.COLUMN_DOUBLED: Words(
        "столбец «{column}» встречается несколько раз ({columns}): оставьте один",
        "there are several columns «{column}» ({columns}): leave one",
    ),
    FileProblem.COLUMN_CLAIMED_TWICE: Words(
        "столбец «{column}» подходит сразу под несколько ключей описания источника ({keys}): уточните их",
        "column «{column}» is named by several keys of the mapping ({keys}): narrow them",
    ),
    FileProblem.NO_COLUMN_MATCHES: Words(
        "нет столбца с заголовком по образцу «{pattern}»; есть: {present}. "
        "Исправьте шапку файла или описание источника",
        "no column has a heading that «{pattern}» matches; there are: {present}. "
        "Correct the file's header or the mapping",
    ),
    FileProblem.TOO_FEW_COLUMNS: Words(
        "вправо от столбца «{column}», считая с него, нет {count} столбцов подряд без итогов: "
        "исправьте шапку файла или intervals в описании источника",
        "from column «{column}» on there are no {count} columns side by side without totals: "
        "correct the file's header, or intervals in the mapping",
    ),
    FileProblem.INTERVAL_NOT_READ: Words(
        "заголовок «{column}» не говорит, когда интервал: исправьте шапку файла или intervals в описании источника",
        "heading «{column}» does not say when the interval is: correct the file's header, or intervals in the mapping",
    ),
    FileProblem.INTERVALS_DO_NOT_FIT: Words(
        "столбцы «{first}» … «{last}» ({count}) — не интервалы суток по {minutes} мин: исправьте interval_minutes или "
        "intervals в описании источника",
        "columns «{first}» … «{last}» ({count}) are not the intervals of a day by {minutes} min: correct "
        "interval_minutes or intervals in the mapping",
    ),
    FileProblem.UNIT_DIFFERS: Words(
        "столбец «{column}»: в файле единица «{unit}», а в описании источника «{expected}»: "
        "исправьте описание или файл",
        "column «{column}»: the file's unit is «{unit}», the mapping's «{expected}»: correct the mapping or the file",
    ),
    FileProblem.UNIT_NOT_FOUND: Words(
        "единицы нет там, где она стоит по описанию источника ({place}): исправьте файл или unit в описании",
        "there is no unit where the mapping expects it ({place}): correct the file, or unit in the mapping",
    ),
    FileProblem.UNIT_UNFIT: Words(
        "единица «{unit}» ({place}) неизвестна или не подходит к показателям таблицы: "
        "исправьте файл или unit в описании источника",
        "the unit «{unit}» ({place}) is unknown, or none of the table's metrics: "
        "correct the file, or unit in the mapping",
    ),
    FileProblem.CODE_NOT_IN_PATH: Words(
        "ни в пути файла, ни в имени листа нет части «{group}», из которой берётся код {template}: "
        "переименуйте файл или исправьте identity в описании источника",
        "neither the path nor the sheet's name has the part «{group}» of the code {template}: "
        "rename the file, or correct identity in the mapping",
    ),
    FileProblem.CODE_NOT_IN_CELL: Words(
        "в ячейке {cell} нет кода (там «{text}»): заполните её или исправьте identity в описании источника",
        "cell {cell} holds no code (but «{text}»): fill it in, or correct identity in the mapping",
    ),
    FileProblem.CODE_NOT_ABOVE: Words(
        "в строках над таблицей нет кода (above: {regex}): исправьте их или identity в описании источника",
        "the lines above the table hold no code (above: {regex}): correct them, or identity in the mapping",
    ),
    FileProblem.DATE_NOT_FOUND: Words(
        "{place} нет даты (там «{text}», date.{key}: {regex}): исправьте её или date в описании источника",
        "{place} holds no date (but «{text}», date.{key}: {regex}): correct it, or date in the mapping",
    ),
    FileProblem.DATE_IMPOSSIBLE: Words(
        "«{text}» (год, месяц, день) не дата: исправьте её в файле или date в описании источника",
        "«{text}» (year, month, day) is no date: correct it in the file, or date in the mapping",
    ),
    FileProblem.CODE_NOT_IN_HEADING: Words(
        "в заголовке «{column}» нет части «{group}», из которой берётся код {template}: "
        "исправьте шапку файла или columns в описании источника",
        "heading «{column}» lacks the part «{group}» of the code {template}: "
        "correct the file's header, or columns in the mapping",
    ),
    StepProblem.FAILED: Words("ошибка, подробности в журнале запуска", "{error}"),
    StepProblem.MAPPINGS_HAVE_ERRORS: Words("описания источников с ошибкой: {mappings}", "{error}"),
    StepProblem.DBT_NODES_FAILED: Words("ошибка в {nodes}", "{error}"),
    StepProblem.ARTIFACTS_NOT_WRITABLE: Words(
        "папка ARTIFACTS_DIR={folder} недоступна для записи", "ARTIFACTS_DIR={folder} is not writable ({error})"
    ),
}


def describe(problem: Problem, language: Language = Language.RUSSIAN, **data: object) -> str:
    """Return the words for a problem; what the cause was to a library or the system is on a second line."""
    words = {name: _TERMS[value][language] if isinstance(value, Term) else value for name, value in data.items()}
    if len(cause := str(words.get("error", ""))) > _MAX_CAUSE:
        words["error"] = f"{cause[:_MAX_CAUSE]}…"
    return _TEMPLATES[problem][language].format(**words).rstrip()


def name_step(step: Step) -> str:
    """Return the operators' word for a step."""
    return _TERMS[step].russian


def describe_failed_step(step: Step, why: str) -> str:
    """Return the operators' words for a step that failed."""
    return f"шаг «{name_step(step)}» ({step}): {why}"


ERROR = Words("ошибка", "error")
"""What a command puts before the text of an error."""
UNNAMED = "без имени"
"""A file that its archive gives no name."""


class RunFailure(StrEnum):
    """Parts of the line that names all that failed in a run; each value is the template of its text."""

    FILE = "{name!r}: {why}"
    NOTHING_LOADED = "ни одно показание не загружено; {message}"
    MORE = "и ещё {more}: dataops status, quality.quality_load_log"
    DAYS = "не загружены дни: {days}"
    MORE_DAYS = "и ещё {more}"


class FileRemark(StrEnum):
    """What a person should know of a file that is loaded all the same; each value is the template of its text."""

    NO_ROWS = "в файле нет ни одной строки с данными"
    UNMAPPED_COLUMNS = "столбцы без описания, сохранены в сырье: {columns}"
    MANY_UNMAPPED_COLUMNS = "столбцы без описания, сохранены в сырье: {columns} и ещё {more}"
    EMPTY_CELLS = "ячеек без значения, которые по описанию источника не показания: {count}"
    NOTHING_READ = "ни одна строка не прочитана: {why}"
    REJECTED = "отклонено показаний: {reasons}"
    UNREAD_SHEETS = "на других листах тоже есть данные, в скобках число строк, они не прочитаны: {sheets}"
    SKIPPED = "пропущено: {counts}"
    NO_LONGER_IN_FILE = "осталось показаний прежней версии файла, которых в этой нет: {count}"
    NO_LONGER_READ = "убрано показаний, которых этот файл больше не даёт: {count}"
    REQUEUED = "загружалось ещё раз из отклонённых показаний: "
    FROM_STAGE = "повтор из стейджа, загрузка {load_id}"
    RELEASED = "загружен по решению человека"
    REMOVED = "убрано показаний прежней версии файла, которых в этой нет: {count}"
