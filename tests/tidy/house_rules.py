"""The house rules that no off-the-shelf tool checks.

Every rule is a function from one source file to the violations in it. A line may break a rule of
BANNED only with a waiver that says why: `// tidy-allow(raw-new): the reason`.
"""

import re
from dataclasses import dataclass, field

FILE_LINES_MAX = 449
FUNCTION_LINES_MAX = 70
LINE_COLUMNS_MAX = 100

# What a folder of src/ may include from other folders of src/; app may include everything.
VISIBLE = {
    "base": {"base"},
    "ports": {"base", "ports"},
    "core": {"base", "ports", "core"},
    "adapters/localfs": {"base", "ports", "adapters/localfs"},
    "adapters/s3": {"base", "ports", "adapters/s3"},
    "adapters/sql": {"base", "ports", "adapters/sql"},
    "adapters/legacy": {"base", "ports", "adapters/sql", "adapters/legacy"},
    "resilience": {"base", "ports", "resilience"},
    "observability": {"base", "ports", "observability"},
    "transport/grpc": {"base", "ports", "core", "transport/grpc"},
    "transport/http": {"base", "ports", "core", "transport/http"},
    "cli": {"base", "cli"},
}

# Families of foreign headers, and the only folders of src/ that may include them.
FOREIGN = {
    "gRPC": (r"grpcpp/|grpc/|grpc\+\+/", {"transport/grpc", "cli", "app"}),
    "protobuf": (r"google/protobuf/|.*\.pb\.h$", {"transport/grpc", "cli", "app"}),
    "SQL": (r"sqlite3|mysql|mariadb|libpq|soci/", {"adapters/sql", "adapters/legacy"}),
    "HTTP": (r"curl/|boost/beast|boost/url|microhttpd", {"transport/http", "adapters/s3", "cli"}),
    "Prometheus": (r"prometheus/", {"observability"}),
    "spdlog": (r"spdlog/", {"observability"}),
    "CLI11": (r"CLI/", {"cli", "app"}),
}

# name: (pattern over code without comments and strings, folders of the repository, except in)
BANNED = {
    "raw-new": (r"(?<!operator )\bnew\b(?!\s*\()\s*[A-Za-z_:]", ("src", "tests", "bench"), ()),
    "raw-delete": (r"(?<![=] )(?<!operator )\bdelete\b(?!\s*[;,)])", ("src", "tests", "bench"), ()),
    "detached-thread": (r"(\.|->)\s*detach\s*\(\s*\)", ("src", "tests", "bench"), ()),
    "rand": (r"\b(std::)?s?rand\s*\(", ("src", "tests", "bench"), ()),
    "sleep": (r"\b(sleep_for|sleep_until|usleep|nanosleep)\b|\bsleep\s*\(", ("src", "tests"), ()),
    "shell": (r"\b(system|popen)\s*\(", ("src", "tests", "bench"), ()),
    "unsafe-c": (
        r"\b(strcpy|strcat|sprintf|vsprintf|strtok|gets|atoi|atol|atof|gmtime|localtime|tmpnam"
        r"|mktemp)\s*\(",
        ("src", "tests", "bench"),
        (),
    ),
    # g++ 12 destroys an aggregate twice that is made inside a co_await expression.
    "co-await-aggregate": (r"\bco_await\b[^;{}]*([(,]\s*|\b[A-Z]\w*)\{", ("src", "tests"), ()),
    "stdout": (r"\bstd::(cout|cerr|clog)\b|\b(printf|puts)\s*\(", ("src",), ("src/cli", "src/app")),
}

# A private constructor behind a Make(): owned at once, and std::make_unique cannot call it.
OWNED_NEW = re.compile(r"std::unique_ptr<(\w+)>\(\s*new \1\b")
WAIVER = re.compile(r"tidy-allow\((?P<rule>[a-z-]+)\):\s*\S+")
# Written in pieces, so that this file obeys its own rules.
UNFINISHED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
WORKPLACE = re.compile(r"(?<![\w.~}-])/(wo" + r"rk|ro" + r"ot|ho" + r"me/[a-z]+)/")
REGISTRY = re.compile(r"(py" + r"pi|proxy\.go" + r"lang|sum\.go" + r"lang|npm" + r"js)\.(org|com)")


@dataclass(frozen=True)
class Violation:
    """One broken rule, printed the way compilers print errors."""

    path: str
    line: int
    rule: str
    text: str

    def __str__(self):
        return f"{self.path}:{self.line}: [{self.rule}] {self.text}"


@dataclass
class Source:
    """A file, its lines, and its code with comments and literals blanked out (same positions)."""

    path: str
    text: str
    lines: list = field(init=False)
    code: str = field(init=False)

    def __post_init__(self):
        self.lines = self.text.splitlines()
        self.code = blank_comments_and_literals(self.text) if self.is_cpp else ""

    @property
    def is_cpp(self):
        return self.path.endswith((".h", ".cc"))

    @property
    def folder(self):
        """The folder of src/ that the file belongs to, or None: adapters/localfs, core, app."""
        parts = self.path.split("/")
        if parts[0] != "src" or len(parts) < 3:
            return None
        depth = 2 if parts[1] in ("adapters", "transport") and len(parts) > 3 else 1
        return "/".join(parts[1 : 1 + depth])

    def line_of(self, offset):
        return self.text.count("\n", 0, offset) + 1


TOKEN = re.compile(
    r'//(?:\\\n|[^\n])*|/\*.*?\*/|R"(?P<tag>[^()\s\\]{0,16})\(.*?\)(?P=tag)"'
    r'|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'',
    re.DOTALL,
)


def blank_comments_and_literals(text):
    """Replaces comments, strings and characters by spaces; line breaks stay where they are."""

    def blank(match):
        found = match.group(0)
        inner = re.sub(r"[^\n]", " ", found)
        # A literal stays an operand: `x = "";` must not look like `x = ;`.
        return inner if found.startswith("/") else '"' + inner[1:-1] + '"'

    return TOKEN.sub(blank, text)


def check_include_direction(source):
    if source.folder is None or source.folder == "app":
        return
    allowed = VISIBLE.get(source.folder)
    if allowed is None:
        yield Violation(source.path, 1, "layout", f"src/{source.folder} is not in the layout")
        return
    for number, header in includes(source):
        parts = header.split("/")
        depth = 2 if parts[0] in ("adapters", "transport") else 1
        target = "/".join(parts[:depth])
        if (target in VISIBLE or target == "app") and target not in allowed:
            message = f"src/{source.folder} must not include {header}"
            yield Violation(source.path, number, "include-direction", message)


def check_foreign_includes(source):
    if source.folder is None:
        return
    for number, header in includes(source):
        for family, (pattern, folders) in FOREIGN.items():
            if re.match(pattern, header) and source.folder not in folders:
                message = f"src/{source.folder} must not use {family}: {header}"
                yield Violation(source.path, number, "foreign-include", message)


def includes(source):
    for number, line in enumerate(source.lines, 1):
        match = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
        if match:
            yield number, match.group(1)


def check_sizes(source):
    if len(source.lines) > FILE_LINES_MAX and source.path.endswith((".h", ".cc", ".py")):
        message = f"{len(source.lines)} lines, at most {FILE_LINES_MAX}: split by subject"
        yield Violation(source.path, FILE_LINES_MAX + 1, "file-length", message)
    if source.path.endswith((".h", ".cc", ".py", ".proto")):
        for number, line in enumerate(source.lines, 1):
            if len(line) > LINE_COLUMNS_MAX:
                message = f"{len(line)} columns, at most {LINE_COLUMNS_MAX}"
                yield Violation(source.path, number, "line-length", message)
    for first, last, name in functions(source):
        length = last - first + 1
        if length > FUNCTION_LINES_MAX:
            message = f"{name} has {length} lines, at most {FUNCTION_LINES_MAX}"
            yield Violation(source.path, first, "function-length", message)


NOT_A_FUNCTION = re.compile(
    r"^\s*(template\s*<.*>\s*)?(namespace|class|struct|enum|union|extern)\b", re.DOTALL
)
MEMBER_INITIALIZERS = re.compile(r"\)\s*(noexcept\s*)?:(?!:)")
NAME = re.compile(r"([~\w:]+|operator\s*\S+?)\s*\(")


def functions(source):
    """Yields (first line, last line, name) of each outermost function, test and free lambda."""
    code = re.sub(r"^[ \t]*#(?:\\\n|[^\n])*", lambda m: re.sub(r"[^\n]", " ", m.group(0)),
                  source.code, flags=re.MULTILINE)
    header_start, offset = 0, 0
    while offset < len(code):
        char = code[offset]
        if char in ";}":
            header_start = offset + 1
        elif char == "{":
            header = code[header_start:offset]
            if is_member_initializer(header):
                offset = closing_brace(code, offset)
            elif is_function_header(header):
                end = closing_brace(code, offset)
                first = header_start + len(header) - len(header.lstrip())
                match = NAME.search(header)
                name = match.group(1) if match else "a function"
                yield source.line_of(first), source.line_of(end), name
                offset, header_start = end, end + 1
            else:
                header_start = offset + 1
        offset += 1


def is_member_initializer(header):
    """`Foo(int a) : a_` before `{a}`: a member's value, not yet the constructor's body."""
    return bool(MEMBER_INITIALIZERS.search(header)) and bool(re.search(r"[\w>]\s*$", header))


def is_function_header(header):
    stripped = re.sub(r"^\s*(public|private|protected)\s*:", "", header)
    return ")" in stripped and not NOT_A_FUNCTION.match(stripped)


def closing_brace(code, offset):
    """The offset of the brace that closes the one at `offset`; the end when there is none."""
    depth = 0
    for match in re.compile(r"[{}]").finditer(code, offset):
        depth += 1 if match.group(0) == "{" else -1
        if depth == 0:
            return match.start()
    return len(code) - 1


def check_banned(source):
    if not source.is_cpp:
        return
    code = OWNED_NEW.sub(lambda match: match.group(0).replace("new", "   "), source.code)
    for rule, (pattern, folders, exceptions) in BANNED.items():
        if source.path.split("/")[0] not in folders:
            continue
        if any(source.path.startswith(exception + "/") for exception in exceptions):
            continue
        for match in re.finditer(pattern, code):
            number = source.line_of(match.start())
            if not is_waived(source, number, rule):
                yield Violation(source.path, number, rule, source.lines[number - 1].strip())


def is_waived(source, number, rule):
    """A waiver stands on the line itself or on the one above."""
    for line in source.lines[max(0, number - 2) : number]:
        match = WAIVER.search(line)
        if match and match.group("rule") == rule:
            return True
    return False


def check_text(source):
    """Rules over every tracked text file, comments included."""
    for number, line in enumerate(source.lines, 1):
        for rule, pattern in (
            ("unfinished", UNFINISHED),
            ("workplace-path", WORKPLACE),
            ("registry-host", REGISTRY),
        ):
            if pattern.search(line):
                yield Violation(source.path, number, rule, line.strip())


TYPE_DEFINITION = re.compile(
    r"^(?P<indent> *)(class|struct|enum class)\s+(\[\[\w+\]\]\s*)?\w+[^;{]*\{", re.MULTILINE
)


def check_header(source):
    """A header says what it is for: in a comment at its top, or at each type it defines."""
    if not source.path.endswith(".h"):
        return
    if "#pragma once" not in source.lines:
        yield Violation(source.path, 1, "header-guard", "#pragma once is missing")
    if source.lines and source.lines[0].startswith("//"):
        return
    types = [m for m in TYPE_DEFINITION.finditer(source.code) if not m.group("indent")]
    if not types:
        yield Violation(source.path, 1, "header-comment", "says nowhere what it is for")
    for match in types:
        number = source.line_of(match.start())
        above = source.lines[number - 2].strip() if number > 1 else ""
        if above.startswith("template"):
            above = source.lines[number - 3].strip()
        if not above.startswith("//"):
            yield Violation(source.path, number, "header-comment", "this type has no comment")


CHECKS = (
    check_include_direction,
    check_foreign_includes,
    check_sizes,
    check_banned,
    check_text,
    check_header,
)


def check(source):
    """All violations of all rules in one file."""
    return [violation for rule in CHECKS for violation in rule(source)]
