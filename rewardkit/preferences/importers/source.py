# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`Source`: a file of another tool, its rows with their lines, and what is wrong with them."""

from __future__ import annotations

import gzip
import json
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final, cast
from urllib.parse import unquote, urlsplit

from rewardkit.errors import PreferenceError
from rewardkit.preferences import rows_jsonl
from rewardkit.preferences.issues import Issues, shown
from rewardkit.preferences.lines import lines
from rewardkit.preferences.parse import resolve
from rewardkit.preferences.read import check_file
from rewardkit.preferences.record import Preference
from rewardkit.preferences.rows_csv import records

_JSON: Final = (".json", ".jsonl", ".ndjson")
_TABLES: Final = (".csv", ".tsv", ".txt", "")


@dataclass(frozen=True)
class ImportOptions:
    """What a file does not say itself.

    Args:
        clips: Where the clips are; None for the file's folder. URLs are looked up there by the
            last part of their path; two URLs that end alike are an error.
        dimension: What was judged; None for what the format stands for.
        columns: For tables of ratings: what the columns are called, by role.
        circles: For ratings: see `from_raters`. None for all pairs.
        references: For P.808's CCR: the `rating_clips` file that the test was set up with.
        sides: For Label Studio: the keys of the task's data that hold the left and the right clip.
        seed: Of pairs drawn at random.
    """

    clips: str | Path | None = None
    dimension: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    circles: int | None = 2
    references: str | Path | None = None
    sides: tuple[str, str] | None = None
    seed: int = 0


class Source:
    """A file being read.

    Args:
        path: The file; with `.gz` behind its suffix it is unpacked.
        options: What the file does not say.
    """

    def __init__(self, path: Path, options: ImportOptions) -> None:
        self.path = path
        self.options = options
        self.issues = Issues(str(path))
        self.left_out: Counter[str] = Counter()
        folder = options.clips if options.clips is not None else path.parent
        self.folder = str(Path(folder).absolute())
        self.urls: dict[str, str] = {}
        """The URL that each clip stood for, by the clip's path."""

    def bad(self, line: int | None, code: str, message: str) -> None:
        """Note what is wrong with a row, which is then not used."""
        self.issues.add(line, code, message)

    def dimension(self, usual: str) -> str:
        """What was judged: as the caller says, or what is usual for the format."""
        return self.options.dimension or usual

    def rows(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Line and fields of each row, whatever the file is; broken ones are noted.

        A `.json` file holds an array of objects; a `.parquet` file has row numbers for lines.

        Raises:
            PreferenceError: `not_a_file`, `unknown_format`.
        """
        packed = self.path.suffix.lower() == ".gz"
        suffix = (self.path.with_suffix("") if packed else self.path).suffix.lower()
        known = dict.fromkeys((*_JSON, *_TABLES, ".parquet"))
        check_file(self.path, known | {".gz": None})
        if suffix not in known:
            message = f"{self.path}: the suffix must be one of {', '.join(filter(None, known))}"
            raise PreferenceError("unknown_format", message)
        if suffix == ".parquet":
            yield from self._parquet()
            return
        with gzip.open(self.path) if packed else self.path.open("rb") as opened:
            file = cast("BinaryIO", opened)
            try:
                if suffix == ".json":
                    yield from self._array(file)
                elif suffix in _JSON:
                    for line, row in rows_jsonl.objects(file, self.issues):
                        if row is not None:
                            yield line, row
                else:
                    yield from self._table(file, "\t" if suffix == ".tsv" else ",")
            except (EOFError, gzip.BadGzipFile, zlib.error) as error:
                self.bad(None, "bad_gzip", f"can't be unpacked: {error}")

    def _table(self, file: BinaryIO, delimiter: str) -> Iterator[tuple[int, dict[str, Any]]]:
        header: list[str] | None = None
        for line, cells in records(lines(file, self.issues), self.issues, delimiter):
            if cells is None:
                continue
            if header is None:
                header = cells
                twice = [name for name, count in Counter(header).items() if name and count > 1]
                if twice:
                    self.bad(line, "duplicate_key", f"the column {shown(twice[0])} stands twice")
                    return
            elif len(cells) != len(header):
                self.bad(line, "bad_csv", f"{len(cells)} cells for {len(header)} columns")
            else:
                yield line, dict(zip(header, cells, strict=True))

    def _array(self, file: BinaryIO) -> Iterator[tuple[int, dict[str, Any]]]:
        """The objects of a JSON array, each with the line on which it begins."""
        try:
            text = file.read().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            self.bad(None, "bad_encoding", f"not UTF-8: {error}")
            return
        decode = json.JSONDecoder(object_pairs_hook=rows_jsonl.unique).raw_decode
        line, seen, place = 1, 0, 0

        def mark() -> str:
            """The next character that is no space; none at the end."""
            nonlocal line, seen, place
            while place < len(text) and text[place] in " \t\r\n":
                place += 1
            line += text.count("\n", seen, place)
            seen = place
            return text[place : place + 1]

        if mark() != "[":
            self.bad(1, "bad_json", "the file is not an array of objects")
            return
        place += 1
        is_first = True
        while (found := mark()) and found != "]":
            if not is_first:
                if found != ",":
                    self.bad(line, "bad_json", "no comma; the rest of the file is not read")
                    return
                place += 1
                mark()
            is_first = False
            try:
                row, place = decode(text, place)
            except rows_jsonl.DuplicateKeyError as error:
                message = f"the name {shown(error.args[0])} stands twice"
                self.bad(line, "duplicate_key", f"{message}; the rest of the file is not read")
                return
            except (ValueError, RecursionError) as error:
                self.bad(line, "bad_json", f"{error}; the rest of the file is not read")
                return
            if isinstance(row, dict):
                yield line, row
            else:
                self.bad(line, "wrong_type", f"an object is needed, not {shown(row)}")
        if not found:
            self.bad(line, "bad_json", "the array does not end: is the file cut off?")
            return
        place += 1
        if mark():
            self.bad(line, "bad_json", "something follows the array; it is not read")

    def _parquet(self) -> Iterator[tuple[int, dict[str, Any]]]:
        import pyarrow as pa
        from pyarrow import parquet

        try:
            number = 0
            with parquet.ParquetFile(self.path) as file:
                for batch in file.iter_batches(256):
                    for row in batch.to_pylist():
                        number += 1
                        yield number, row
        except (pa.ArrowException, OSError, ValueError, OverflowError, KeyError) as error:
            self.bad(None, "bad_parquet", str(error))  # or values that Python can't hold

    def clip(self, value: object, line: int | None, name: str) -> str | None:
        """The path of a clip, however the tool names it; None, and an error, when it has none.

        Args:
            value: A path or URL; or an object that holds one under `path`, `audio`, `url` or
                `src`, as audio columns of Hugging Face's datasets and chat messages do.
            line: Of the row; None when it is not known.
            name: Of the field.
        """
        while isinstance(value, dict):
            inner = [value[key] for key in ("path", "audio", "url", "src") if value.get(key)]
            if not inner:
                embedded = "; its sound is embedded: write it to a file" * bool(value.get("bytes"))
                self.bad(line, "missing_column", f"{name} names no file{embedded}")
                return None
            value = inner[0]
        if value is None or value == "":
            self.bad(line, "missing_column", f"no {name}")
            return None
        if not isinstance(value, str) or "\0" in value:
            self.bad(line, "wrong_type", f"{name} is {shown(value)}; it must name a file")
            return None
        return self._url(value, line, name) if "://" in value else resolve(self.folder, value)

    def _url(self, url: str, line: int | None, name: str) -> str | None:
        try:
            last = unquote(urlsplit(url).path).rsplit("/", 1)[-1]
        except ValueError as error:
            self.bad(line, "wrong_type", f"{name} is {shown(url)}: {error}")
            return None
        if not last:
            self.bad(line, "wrong_type", f"{name} is a URL without a file's name")
            return None
        path = resolve(self.folder, last)
        before = self.urls.setdefault(path, url)
        if before != url:
            message = f"{name}: {shown(before)} and {shown(url)} would both be {shown(last)}"
            self.bad(line, "same_clip", message)
            return None
        return path

    def make(self, line: int, a: str, b: str, win: float, **others: Any) -> Iterator[Preference]:
        """One preference, or none and an error."""
        try:
            yield Preference(a, b, win, line=line, tie=float(win == 0.5), **others)
        except PreferenceError as error:
            self.bad(line, error.code, error.message)


def name_of(value: object) -> str | None:
    """What stands for a person or a thing: text, or a whole number; else None."""
    if isinstance(value, bool) or value is None or value == "":
        return None
    return str(value) if isinstance(value, (str, int)) else None


def text_of(value: object) -> str | None:
    """Text that is not empty, else None."""
    return value if isinstance(value, str) and value else None
