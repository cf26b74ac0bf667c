"""File names: hostile ones, each with the verdict that the contract gives it, and ordinary ones.

A hostile name is either refused with INVALID_FIELD, or it is an ordinary name after all and is
kept byte for byte. Names that are not UTF-8 can only be refused.
"""

import dataclasses
import itertools

REFUSED = "refused"
KEPT = "kept"
FILENAME_BYTES_MAX = 255
IDENTIFIER_BYTES_MAX = 128


@dataclasses.dataclass(frozen=True)
class Name:
    raw: bytes
    verdict: str
    why: str

    @property
    def text(self) -> str:
        return self.raw.decode()

    def __str__(self) -> str:
        return self.why


def _name(text, verdict: str, why: str) -> Name:
    return Name(text.encode() if isinstance(text, str) else text, verdict, why)


def _control_characters():
    for point in itertools.chain(range(0x20), (0x7F,), range(0x80, 0xA0)):
        yield _name(f"a{chr(point)}b.txt", REFUSED, f"control character U+{point:04X}")
    for text, why in (("\n.txt", "begins with a line feed"), ("a.txt\n", "ends with a line feed"),
                      ("a.txt\0.pdf", "NUL hides an extension"),
                      ("\x1b[2Ja.txt", "escape sequence"),
                      ("a\r\nSet-Cookie: x=1.txt", "header injection"),
                      ("a.txt\r", "ends with a carriage return")):
        yield _name(text, REFUSED, why)


def _bidirectional_controls():
    for point in itertools.chain(range(0x202A, 0x202F), range(0x2066, 0x206A)):
        yield _name(f"invoice{chr(point)}fdp.txt", REFUSED, f"bidirectional U+{point:04X}")
    yield _name("\u202e.txt", REFUSED, "begins with an override")
    yield _name("report\u202etxt.exe.txt", REFUSED, "override that swaps the extension")


_SEPARATORS = (
    "/a.txt", "a/b.txt", "a.txt/", "//a.txt", "../a.txt", "../../etc/passwd.txt", "..\\a.txt",
    "a\\b.txt", "\\a.txt", "\\\\server\\share\\a.txt", "C:\\a.txt", "./a.txt", "a/../b.txt",
    "a/./b.txt", "../../../../../../../../root/.ssh/authorized_keys.txt", "....//a.txt",
    "..;/a.txt", "file:///etc/passwd.txt", "http://example.com/a.txt", "~/a.txt", "/dev/null.txt",
    "/proc/self/environ.txt", "documents/other/general/a.txt", "s3://bucket/a.txt", "a.txt/..",
    "<script src=//x>.txt", "</title>.txt", "</script><script>alert(1)</script>.txt",
    "'/*!00000 x*/.txt", "\\u0000.txt", "\\x00.txt", "\\n.txt", "$(cat /etc/passwd).txt",
    "`cat /etc/passwd`.txt", "|/bin/sh.txt",
)

_SPECIAL = (("", "empty"), (".", "the folder itself"), ("..", "the folder above"))

_NOT_UTF8 = (
    (b"a\xff.txt", "byte that UTF-8 never has"), (b"a\xfe.txt", "byte FE"),
    (b"\x80.txt", "continuation byte alone"), (b"a\xc3.txt", "two-byte sequence cut short"),
    (b"a\xe2\x82.txt", "three-byte sequence cut short"),
    (b"a\xf0\x9f\x99.txt", "four-byte sequence cut short"), (b"a\xc0\xaf.txt", "overlong slash"),
    (b"a\xe0\x80\xaf.txt", "overlong slash of three bytes"),
    (b"a\xf0\x80\x80\xaf.txt", "overlong slash of four bytes"), (b"a\xc0\x80.txt", "overlong NUL"),
    (b"a\xc1\x9c.txt", "overlong backslash"), (b"a\xc0\xae\xc0\xae.txt", "overlong dots"),
    (b"a\xed\xa0\x80.txt", "high surrogate"), (b"a\xed\xbf\xbf.txt", "low surrogate"),
    (b"a\xed\xa0\xbd\xed\xb9\x82.txt", "surrogate pair as in CESU-8"),
    (b"a\xf4\x90\x80\x80.txt", "above U+10FFFF"), (b"a\xf8\x88\x80\x80\x80.txt", "five bytes"),
    (b"caf\xe9.txt", "Latin-1"), (b"\x83\x65\x83\x58\x83\x67.txt", "Shift_JIS"),
    (b"\xff\xfea\x00.txt", "UTF-16"), (b"a.txt\xff", "bad byte at the end"),
    (b"\xffa.txt", "bad byte at the start"),
)


def _lengths():
    yield _name("a" * 252 + ".txt", REFUSED, "256 bytes")
    yield _name("a" * 1000 + ".txt", REFUSED, "1004 bytes")
    yield _name("a" * 60000 + ".txt", REFUSED, "60004 bytes")
    yield _name("é" * 126 + ".txt", REFUSED, "130 characters in 256 bytes")
    yield _name("🙂" * 63 + ".txt", REFUSED, "67 characters in 256 bytes")
    yield _name("a" * 251 + ".txt", KEPT, "exactly 255 bytes")
    yield _name("a" + "é" * 125 + ".txt", KEPT, "exactly 255 bytes, two-byte letters")
    yield _name("abc" + "🙂" * 62 + ".txt", KEPT, "exactly 255 bytes, emoji")


_ODD_BUT_NAMES = (
    ("'; DROP TABLE rag_document; --.txt", "SQL injection"), ("' OR '1'='1.txt", "SQL tautology"),
    ('" OR ""=".txt', "SQL in double quotes"), ("1; DELETE FROM user_usage.txt", "SQL statement"),
    ("%.txt", "LIKE wildcard"), ("%%%.txt", "many LIKE wildcards"), ("_.txt", "LIKE one character"),
    ("%_%.txt", "both LIKE wildcards"), ("%s%s%s%n.txt", "printf format"), ("{0}.txt", "format"),
    ("{}.txt", "empty format"), ("${HOME}.txt", "shell variable"), ("$(reboot).txt", "command"),
    ("`reboot`.txt", "backquoted command"), (";reboot;.txt", "shell statements"),
    ("a|b.txt", "pipe"), ("a&b&&c.txt", "ampersands"), ("<a>b.txt", "angle brackets"),
    ("-rf.txt", "looks like an option"), ("--help.txt", "looks like a long option"),
    ("-.txt", "a dash"), ("~.txt", "tilde"), ("~root.txt", "home of root"), ("*.txt", "glob"),
    ("?.txt", "one-character glob"), ("[a-z].txt", "glob class"), ("!.txt", "history"),
    ("a:b.txt", "colon"), ("a::$DATA.txt", "alternate data stream"), ("CON.txt", "DOS device"),
    ("NUL.txt", "DOS null device"), ("COM1.txt", "DOS port"), ("aux.txt", "DOS device, lower case"),
    ("%00.txt", "percent-encoded NUL"), ("%2e%2e%2fa.txt", "percent-encoded traversal"),
    ("..%2f..%2fa.txt", "half-encoded traversal"), ("%252e%252e%252fa.txt", "encoded twice"),
    ("..%5ca.txt", "encoded backslash"), ("%c0%af.txt", "encoded overlong slash"),
    ("%zz.txt", "bad percent encoding"), ("100%.txt", "lone percent"), ("a%.txt", "percent"),
    ("a+b.txt", "plus"), ("a#b.txt", "fragment"), ("a?b=c&d=e.txt", "query"), ("a;b=c.txt", "pair"),
    ("a=b.txt", "equals sign"), ("a@b.txt", "at sign"), ("a,b.txt", "comma"),
    ('"quoted".txt', "double quotes"), ("'quoted'.txt", "single quotes"), ('a"; x="b.txt', "field"),
    ("...txt", "dots before the extension"), ("....txt", "three dots and extension"),
    ("..a.txt", "begins with two dots"), (".txt", "only an extension"), (".hidden.txt", "hidden"),
    (" .txt", "a space"), (" a.txt", "leading space"), ("  a  b  .txt", "many spaces"),
    ("a .txt", "space before the extension"), ("a.pdf.txt", "two extensions"),
    ("a.exe.txt", "executable inside"), ("a.TXT", "upper-case extension"), ("a.TxT", "mixed case"),
    ("A.txt", "upper case"), ("index.html.txt", "page inside"), (".htaccess.txt", "web server"),
    ("[object Object].txt", "JavaScript"), ("null.txt", "null"), ("undefined.txt", "undefined"),
    ("NaN.txt", "not a number"), ("true.txt", "boolean"), ("0.txt", "zero"), ("-1.txt", "minus 1"),
    ("9223372036854775808.txt", "2^63"), ("1e309.txt", "infinite"), ("{{7*7}}.txt", "template"),
    ("<%= 7 %>.txt", "other template"), ("${jndi:ldap:x}.txt", "lookup injection"),
    ('{"a":1}.txt', "JSON"), ('","level":"error.txt', "JSON injection"), ("=1+1.txt", "formula"),
    ("@SUM(A1).txt", "formula with at sign"), ("a\u00a0b.txt", "no-break space"),
    ("a\u200bb.txt", "zero-width space"), ("a\u200db.txt", "zero-width joiner"),
    ("\ufeffa.txt", "byte order mark"), ("a\u200eb.txt", "left-to-right mark"),
    ("a\u200fb.txt", "right-to-left mark"), ("a\u2028b.txt", "line separator"),
    ("a\u2029b.txt", "paragraph separator"), ("a\ufffdb.txt", "replacement character"),
    ("a\uffffb.txt", "noncharacter"),
    ("a\ufffeb.txt", "noncharacter FFFE"), ("a\U0010ffffb.txt", "last code point"),
    ("a\ue000b.txt", "private use"), ("\u0301.txt", "combining accent alone"),
    ("Z" + "\u0335\u0336\u0337" * 20 + ".txt", "stacked combining marks"),
    ("e\u0301.txt", "decomposed letter"), ("\u00e9.txt", "composed letter"),
    ("\u2044a.txt", "fraction slash"), ("\u2215a.txt", "division slash"),
    ("\uff0fa.txt", "full-width slash"), ("\uff3ca.txt", "full-width backslash"),
    ("\uff0e\uff0e.txt", "full-width dots"), ("\u2024\u2024.txt", "one-dot leaders"),
    ("ﷺ.txt", "long ligature"), ("İıSſ.txt", "letters that fold badly"), ("ß.txt", "sharp s"),
    ("раураl.txt", "Cyrillic look-alikes"), ("𝐚𝐛𝐜.txt", "mathematical letters"),
    ("👩‍👩‍👧‍👦.txt", "emoji family"), ("🇩🇪.txt", "flag"), ("\U000e0041.txt", "tag character"),
    ("tmp.txt", "name of a folder of the store"), ("objects.txt", "the other folder"),
    ("released.txt", "prefix of a given-up name"), ("satchel.db.txt", "name of the database"),
)


def hostile() -> list:
    names = [*_control_characters(), *_bidirectional_controls(), *_lengths()]
    names += [_name(text, REFUSED, f"separator in {text!r}") for text in _SEPARATORS]
    names += [_name(text, REFUSED, why) for text, why in _SPECIAL]
    names += [_name(raw, REFUSED, f"not UTF-8: {why}") for raw, why in _NOT_UTF8]
    names += [_name(text, KEPT, why) for text, why in _ODD_BUT_NAMES]
    return names


# MinIO takes no key with a part that is `.` or `..` between spaces.
DOTS_AND_SPACES = (". ", " .", " . ", ".. ", " ..", "  ..  ")


ORDINARY = (
    ("report.pdf", "the plainest"), ("Report.PDF", "upper-case extension"),
    ("Lesson plan.docx", "one space"), ("Lesson plan (final) v2.docx", "parentheses"),
    ("Lesson plan - Copy.docx", "Windows' copy"), ("Copy of Grades.xlsx", "Google's copy"),
    ("grades_2026-11-23.xlsx", "ISO date"), ("23.11.2026 Klasse 7b.pdf", "German date"),
    ("Übungsblatt Nr. 4.pdf", "umlaut"), ("Prüfung Größe.docx", "umlaut and sharp s"),
    ("Résumé.pdf", "French accents"), ("Devoir n°3 – corrigé.pdf", "degree sign and dash"),
    ("L’école à l’été.docx", "typographic apostrophe"), ("año_nuevo.txt", "Spanish tilde"),
    ("Lição 5 – funções.pdf", "Portuguese"), ("Žluťoučký kůň.pdf", "Czech"),
    ("Zażółć gęślą jaźń.docx", "Polish"), ("Čeština & Slovenčina.txt", "ampersand"),
    ("Türkçe ödev ığü.docx", "Turkish"), ("Blåbærsyltetøy.xlsx", "Norwegian"),
    ("Домашнее задание.docx", "Russian"), ("Контрольная работа №2.pdf", "numero sign"),
    ("Εργασία για το σπίτι.pdf", "Greek"), ("עבודת בית.docx", "Hebrew"),
    ("واجب منزلي.pdf", "Arabic"), ("गृहकार्य.docx", "Hindi"), ("வீட்டுப்பாடம்.pdf", "Tamil"),
    ("การบ้าน.docx", "Thai"), ("作业.docx", "Chinese"), ("数学试卷（期中）.pdf", "full-width brackets"),
    ("宿題プリント.pdf", "Japanese"), ("숙제.docx", "Korean"), ("Bài tập về nhà.txt", "Vietnamese"),
    ("📚 Reading list.txt", "emoji"), ("50% off!.txt", "percent and exclamation mark"),
    ("C++ notes.txt", "pluses"), ("C# notes.txt", "hash"), ("Q&A.txt", "Q and A"),
    ("Tom's essay.docx", "apostrophe"), ('The "real" story.txt', "double quotes"),
    ("a,b;c.txt", "comma and semicolon"), ("1+1=2.txt", "equation"), ("e-mail@school.txt", "at"),
    ("Budget [draft] {old}.xlsx", "brackets"), ("~$Lesson.docx", "Word's lock file"),
    ("archive.tar.pdf", "two dots"), ("no-break\u00a0space.txt", "no-break space"),
    ("IMG_20261123_090000.pdf", "camera"), ("letter.doc", "Word 97"),
)


def ordinary() -> list:
    return [_name(text, KEPT, why) for text, why in ORDINARY]
