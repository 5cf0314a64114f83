#include "corpus/alphabet.h"

#include <stdbool.h>

/* Token numbers are the index here. */
static const char *const latin64_texts[ALPHABET_LATIN64_SYMBOLS] = {
    " ", "\n", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j",  "k", "l", "m", "n",
    "o", "p",  "q", "r", "s", "t", "u", "v", "w", "x", "y", "z",  "0", "1", "2", "3",
    "4", "5",  "6", "7", "8", "9", ".", ",", ";", ":", "'", "\"", "!", "?", "(", ")",
    "-", "/",  "=", "$", "%", "@", "_", "é", "è", "ä", "ö", "ü",  "ß", "ñ", "ç", "□"};

/* ASCII: capitals as small letters, brackets of all kinds as round ones, \\ as /, ` as '. */
static const uint8_t ascii_symbols[128] = {
    63, 63, 63, 63, 63, 63, 63, 63, 63, 0,  1,  0,  0,  0,  63, 63, 63, 63, 63, 63, 63, 63,
    63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 0,  44, 43, 63, 51, 52, 63, 42, 46, 47, 63, 63,
    39, 48, 38, 49, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 41, 40, 46, 50, 47, 45, 53, 2,
    3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24,
    25, 26, 27, 46, 49, 47, 63, 54, 42, 2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14,
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 46, 63, 47, 63, 63};

/* What one code point becomes: 0, 1 or 2 symbols. */
struct fold {
    uint8_t first, second, count;
};

/* U+00A0..U+017F: é è ä ö ü ß ñ ç have symbols of their own, other letters lose their accent,
 * ligatures are written as two letters, the soft hyphen goes. */
static const struct fold latin_folds[0x180 - 0xA0] = {
    {0, 0, 1},   {63, 0, 1}, {63, 0, 1}, {63, 0, 1}, {63, 0, 1}, {63, 0, 1}, {63, 0, 1},
    {63, 0, 1},  {63, 0, 1}, {63, 0, 1}, {63, 0, 1}, {43, 0, 1}, {63, 0, 1}, {0, 0, 0},
    {63, 0, 1},  {63, 0, 1}, {63, 0, 1}, {63, 0, 1}, {63, 0, 1}, {63, 0, 1}, {42, 0, 1},
    {63, 0, 1},  {63, 0, 1}, {63, 0, 1}, {63, 0, 1}, {63, 0, 1}, {63, 0, 1}, {43, 0, 1},
    {63, 0, 1},  {63, 0, 1}, {63, 0, 1}, {63, 0, 1}, {2, 0, 1},  {2, 0, 1},  {2, 0, 1},
    {2, 0, 1},   {57, 0, 1}, {2, 0, 1},  {2, 6, 2},  {62, 0, 1}, {56, 0, 1}, {55, 0, 1},
    {6, 0, 1},   {6, 0, 1},  {10, 0, 1}, {10, 0, 1}, {10, 0, 1}, {10, 0, 1}, {5, 0, 1},
    {61, 0, 1},  {16, 0, 1}, {16, 0, 1}, {16, 0, 1}, {16, 0, 1}, {58, 0, 1}, {63, 0, 1},
    {16, 0, 1},  {22, 0, 1}, {22, 0, 1}, {22, 0, 1}, {59, 0, 1}, {26, 0, 1}, {21, 9, 2},
    {60, 0, 1},  {2, 0, 1},  {2, 0, 1},  {2, 0, 1},  {2, 0, 1},  {57, 0, 1}, {2, 0, 1},
    {2, 6, 2},   {62, 0, 1}, {56, 0, 1}, {55, 0, 1}, {6, 0, 1},  {6, 0, 1},  {10, 0, 1},
    {10, 0, 1},  {10, 0, 1}, {10, 0, 1}, {5, 0, 1},  {61, 0, 1}, {16, 0, 1}, {16, 0, 1},
    {16, 0, 1},  {16, 0, 1}, {58, 0, 1}, {63, 0, 1}, {16, 0, 1}, {22, 0, 1}, {22, 0, 1},
    {22, 0, 1},  {59, 0, 1}, {26, 0, 1}, {21, 9, 2}, {26, 0, 1}, {2, 0, 1},  {2, 0, 1},
    {2, 0, 1},   {2, 0, 1},  {2, 0, 1},  {2, 0, 1},  {4, 0, 1},  {4, 0, 1},  {4, 0, 1},
    {4, 0, 1},   {4, 0, 1},  {4, 0, 1},  {4, 0, 1},  {4, 0, 1},  {5, 0, 1},  {5, 0, 1},
    {5, 0, 1},   {5, 0, 1},  {6, 0, 1},  {6, 0, 1},  {6, 0, 1},  {6, 0, 1},  {6, 0, 1},
    {6, 0, 1},   {6, 0, 1},  {6, 0, 1},  {6, 0, 1},  {6, 0, 1},  {8, 0, 1},  {8, 0, 1},
    {8, 0, 1},   {8, 0, 1},  {8, 0, 1},  {8, 0, 1},  {8, 0, 1},  {8, 0, 1},  {9, 0, 1},
    {9, 0, 1},   {9, 0, 1},  {9, 0, 1},  {10, 0, 1}, {10, 0, 1}, {10, 0, 1}, {10, 0, 1},
    {10, 0, 1},  {10, 0, 1}, {10, 0, 1}, {10, 0, 1}, {10, 0, 1}, {10, 0, 1}, {10, 11, 2},
    {10, 11, 2}, {11, 0, 1}, {11, 0, 1}, {12, 0, 1}, {12, 0, 1}, {12, 0, 1}, {13, 0, 1},
    {13, 0, 1},  {13, 0, 1}, {13, 0, 1}, {13, 0, 1}, {13, 0, 1}, {13, 0, 1}, {13, 0, 1},
    {13, 0, 1},  {13, 0, 1}, {15, 0, 1}, {15, 0, 1}, {15, 0, 1}, {15, 0, 1}, {15, 0, 1},
    {15, 0, 1},  {15, 0, 1}, {15, 0, 1}, {15, 0, 1}, {16, 0, 1}, {16, 0, 1}, {16, 0, 1},
    {16, 0, 1},  {16, 0, 1}, {16, 0, 1}, {16, 6, 2}, {16, 6, 2}, {19, 0, 1}, {19, 0, 1},
    {19, 0, 1},  {19, 0, 1}, {19, 0, 1}, {19, 0, 1}, {20, 0, 1}, {20, 0, 1}, {20, 0, 1},
    {20, 0, 1},  {20, 0, 1}, {20, 0, 1}, {20, 0, 1}, {20, 0, 1}, {21, 0, 1}, {21, 0, 1},
    {21, 0, 1},  {21, 0, 1}, {21, 0, 1}, {21, 0, 1}, {22, 0, 1}, {22, 0, 1}, {22, 0, 1},
    {22, 0, 1},  {22, 0, 1}, {22, 0, 1}, {22, 0, 1}, {22, 0, 1}, {22, 0, 1}, {22, 0, 1},
    {22, 0, 1},  {22, 0, 1}, {24, 0, 1}, {24, 0, 1}, {26, 0, 1}, {26, 0, 1}, {26, 0, 1},
    {27, 0, 1},  {27, 0, 1}, {27, 0, 1}, {27, 0, 1}, {27, 0, 1}, {27, 0, 1}, {20, 0, 1}};

enum {
    SYMBOL_SPACE = 0,
    SYMBOL_NEWLINE = 1,
    SYMBOL_DOT = 38,
    SYMBOL_QUOTE = 42,
    SYMBOL_DOUBLE_QUOTE = 43,
    SYMBOL_HYPHEN = 48
};

#define BYTE(a, b) "\\x" a b
#define ROW(a)                                                                                     \
    BYTE(a, "0"), BYTE(a, "1"), BYTE(a, "2"), BYTE(a, "3"), BYTE(a, "4"), BYTE(a, "5"),            \
        BYTE(a, "6"), BYTE(a, "7"), BYTE(a, "8"), BYTE(a, "9"), BYTE(a, "a"), BYTE(a, "b"),        \
        BYTE(a, "c"), BYTE(a, "d"), BYTE(a, "e"), BYTE(a, "f")
static const char *const byte_texts[256] = {
    ROW("0"), ROW("1"), ROW("2"), ROW("3"), ROW("4"), ROW("5"), ROW("6"), ROW("7"),
    ROW("8"), ROW("9"), ROW("a"), ROW("b"), ROW("c"), ROW("d"), ROW("e"), ROW("f")};

uint32_t alphabet_symbol_count(enum alphabet_kind kind)
{
    return kind == ALPHABET_BYTES ? 256 : ALPHABET_LATIN64_SYMBOLS;
}

const char *const *alphabet_symbol_texts(enum alphabet_kind kind)
{
    return kind == ALPHABET_BYTES ? byte_texts : latin64_texts;
}

uint8_t alphabet_newline(enum alphabet_kind kind)
{
    return kind == ALPHABET_BYTES ? '\n' : SYMBOL_NEWLINE;
}

static bool continues(const char *text, size_t size_bytes, size_t at, size_t count)
{
    for (size_t i = 1; i <= count; i++)
        if (at + i >= size_bytes || ((unsigned char)text[at + i] & 0xC0) != 0x80)
            return false;
    return true;
}

/* The code point at `at` and its length in bytes; length 0 when it is not UTF-8 (overlong forms,
 * surrogates and code points beyond U+10FFFF included). */
static size_t decode(const char *text, size_t size_bytes, size_t at, uint32_t *ret_code_point)
{
    static const uint32_t smallest[5] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char lead = (unsigned char)text[at];
    size_t length = lead < 0x80 ? 1 : lead < 0xC0 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (length == 0 || lead > 0xF4 || !continues(text, size_bytes, at, length - 1))
        return 0;
    uint32_t code_point = length == 1 ? lead : lead & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++)
        code_point = code_point << 6 | ((unsigned char)text[at + i] & 0x3F);
    if (code_point < smallest[length] || code_point > 0x10FFFF ||
        (code_point >= 0xD800 && code_point < 0xE000))
        return 0;
    *ret_code_point = code_point;
    return length;
}

size_t alphabet_utf8_check(const char *text, size_t size_bytes)
{
    size_t at = 0;
    uint32_t code_point;
    while (at < size_bytes) {
        size_t length = decode(text, size_bytes, at, &code_point);
        if (length == 0)
            break;
        at += length;
    }
    return at;
}

/* General punctuation: dashes, quotation marks, dots, thin spaces. */
static uint8_t fold_punctuation(uint32_t code_point)
{
    if (code_point <= 0x200A || code_point == 0x202F)
        return SYMBOL_SPACE;
    if (code_point >= 0x2010 && code_point <= 0x2015)
        return SYMBOL_HYPHEN;
    if ((code_point >= 0x2018 && code_point <= 0x201B) || code_point == 0x2039 ||
        code_point == 0x203A)
        return SYMBOL_QUOTE;
    if (code_point >= 0x201C && code_point <= 0x201F)
        return SYMBOL_DOUBLE_QUOTE;
    return code_point == 0x2026 ? SYMBOL_DOT : ALPHABET_LATIN64_OTHER;
}

static struct fold fold(uint32_t code_point)
{
    if (code_point < 0x80)
        return (struct fold){ascii_symbols[code_point], 0, 1};
    if (code_point < 0xA0)
        return (struct fold){ALPHABET_LATIN64_OTHER, 0, 1};
    if (code_point < 0x180)
        return latin_folds[code_point - 0xA0];
    if (code_point >= 0x300 && code_point < 0x370) /* combining accents */
        return (struct fold){0, 0, 0};
    if (code_point >= 0x200B && code_point <= 0x200F) /* zero width */
        return (struct fold){0, 0, 0};
    if (code_point >= 0x2000 && code_point < 0x2070)
        return (struct fold){fold_punctuation(code_point), 0, 1};
    return (struct fold){ALPHABET_LATIN64_OTHER, 0, 1};
}

static size_t encode_latin64(const char *line, size_t size_bytes, uint8_t *ret_tokens)
{
    size_t count = 0;
    for (size_t at = 0; at < size_bytes;) {
        uint32_t code_point = 0;
        size_t length = decode(line, size_bytes, at, &code_point);
        struct fold f =
            length == 0 ? (struct fold){ALPHABET_LATIN64_OTHER, 0, 1} : fold(code_point);
        at += length == 0 ? 1 : length;
        if (f.count == 0 ||
            (f.first == SYMBOL_SPACE && (count == 0 || ret_tokens[count - 1] == SYMBOL_SPACE)))
            continue;
        ret_tokens[count++] = f.first;
        if (f.count == 2)
            ret_tokens[count++] = f.second;
    }
    return count;
}

static size_t encode_bytes(const char *line, size_t size_bytes, uint8_t *ret_tokens)
{
    size_t count = 0;
    for (size_t at = 0; at < size_bytes; at++) {
        char c = line[at];
        if (c == '\t' || c == '\r' || c == '\f' || c == '\v')
            c = ' ';
        if (c == ' ' && (count == 0 || ret_tokens[count - 1] == ' '))
            continue;
        ret_tokens[count++] = (uint8_t)c;
    }
    return count;
}

/* As alphabet_encode, with the blank at the end. */
static size_t encode_open(enum alphabet_kind kind, const char *line, size_t size_bytes,
                          uint8_t *ret_tokens)
{
    return kind == ALPHABET_BYTES ? encode_bytes(line, size_bytes, ret_tokens)
                                  : encode_latin64(line, size_bytes, ret_tokens);
}

size_t alphabet_encode(enum alphabet_kind kind, const char *line, size_t size_bytes,
                       uint8_t *ret_tokens)
{
    uint8_t blank = kind == ALPHABET_BYTES ? ' ' : SYMBOL_SPACE;
    size_t count = encode_open(kind, line, size_bytes, ret_tokens);
    while (count > 0 && ret_tokens[count - 1] == blank)
        count--;
    return count;
}

size_t alphabet_encode_text(enum alphabet_kind kind, const char *text, size_t size_bytes,
                            uint8_t *ret_tokens)
{
    size_t count = 0, from = 0;
    for (size_t at = 0; at < size_bytes; at++) {
        if (text[at] != '\n')
            continue;
        count += alphabet_encode(kind, text + from, at - from, ret_tokens + count);
        ret_tokens[count++] = alphabet_newline(kind);
        from = at + 1;
    }
    return count + encode_open(kind, text + from, size_bytes - from, ret_tokens + count);
}
