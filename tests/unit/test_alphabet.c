/* Text to tokens: characters, blanks, lines, markup. */
#include "corpus/alphabet.h"
#include "corpus/strip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void assert_reads(const char *line, const char *expected)
{
    uint8_t tokens[512];
    char text[1024] = "";
    size_t count = alphabet_encode(ALPHABET_LATIN64, line, strlen(line), tokens);
    for (size_t i = 0; i < count; i++)
        strcat(text, alphabet_symbol_texts(ALPHABET_LATIN64)[tokens[i]]);
    assert_string_equal(text, expected);
}

static void latin64_lowers_folds_and_squeezes(void **state)
{
    (void)state;
    assert_reads("  The\tQuick   [Fox]\\n  ", "the quick (fox)/n");
    assert_reads("Ünïcödé Straße ÑANDÚ Œuvre Æ Ł", "ünicödé straße ñandu oeuvre ae l");
    assert_reads("“a” – ‘b’… «c»", "\"a\" - 'b'. \"c\"");
    assert_reads("Привет", "□□□□□□");
    assert_reads("a\xff"
                 "b",
                 "a□b");
    assert_reads("so\xc2\xad"
                 "ft e\xcc\x81",
                 "soft e");
}

static void every_symbol_reads_as_itself(void **state)
{
    (void)state;
    const char *const *texts = alphabet_symbol_texts(ALPHABET_LATIN64);
    uint8_t tokens[8];
    for (uint32_t s = 2; s < ALPHABET_LATIN64_SYMBOLS; s++) {
        assert_int_equal(alphabet_encode(ALPHABET_LATIN64, texts[s], strlen(texts[s]), tokens), 1);
        assert_int_equal(tokens[0], s);
        for (uint32_t other = 0; other < s; other++)
            assert_string_not_equal(texts[s], texts[other]);
    }
}

static void bytes_stay_bytes(void **state)
{
    (void)state;
    uint8_t tokens[32];
    const char *line = " Gr\xc3\xbc\xc3\x9f\t\t[e] ";
    size_t count = alphabet_encode(ALPHABET_BYTES, line, strlen(line), tokens);
    assert_int_equal(count, 10);
    assert_memory_equal(tokens, "Gr\xc3\xbc\xc3\x9f [e]", count);
}

/* What goes on keeps its last blank; lines that end do not. */
static void a_text_that_goes_on_is_read_line_by_line(void **state)
{
    (void)state;
    const char *text = " The [Gr\xc3\xbc\xc3\x9f\x65] \n\nof \xc5\xbd \xe2\x80\x94 ",
               *expected = "the (gr\xc3\xbc\xc3\x9f\x65)\n\nof z - ";
    uint8_t tokens[64];
    char read[128] = "";
    size_t count = alphabet_encode_text(ALPHABET_LATIN64, text, strlen(text), tokens);
    for (size_t i = 0; i < count; i++)
        strcat(read, alphabet_symbol_texts(ALPHABET_LATIN64)[tokens[i]]);
    assert_string_equal(read, expected);
    count = alphabet_encode_text(ALPHABET_BYTES, " a\t b \n c  ", 11, tokens);
    assert_int_equal(count, 6);
    assert_memory_equal(tokens, "a b\nc ", 6);
    assert_int_equal(alphabet_encode_text(ALPHABET_BYTES, "", 0, tokens), 0);
}

static void broken_utf8_is_found_where_it_breaks(void **state)
{
    (void)state;
    assert_int_equal(alphabet_utf8_check("abc\xc3\xbc", 5), 5);
    assert_int_equal(alphabet_utf8_check("abc\xc3", 4), 3);
    assert_int_equal(alphabet_utf8_check("ab\xc0\xaf", 4), 2);       /* overlong */
    assert_int_equal(alphabet_utf8_check("a\xed\xa0\x80", 4), 1);    /* surrogate */
    assert_int_equal(alphabet_utf8_check("\xf4\x90\x80\x80", 4), 0); /* beyond the end */
    assert_int_equal(alphabet_utf8_check("\xf0\x9f\x98\x80", 4), 4);
}

static void assert_strips(enum strip_format format, const char *markup, const char *expected)
{
    char *text = malloc(strlen(markup) + 1);
    size_t count = strip_markup(format, markup, strlen(markup), text);
    assert_true(count <= strlen(markup) + 1);
    if (count != strlen(expected) || memcmp(text, expected, count) != 0)
        fail_msg("got '%.*s', not '%s'", (int)count, text, expected);
    free(text);
}

static void markup_goes_and_paragraphs_become_lines(void **state)
{
    (void)state;
    assert_strips(STRIP_HTML,
                  "<html><head><title>No</title></head><body><h1>A  <b>b</b></h1>\n<!-- x > y -->"
                  "<p>R&amp;D &lt;x&gt; &#228; &#xE9; &unknown; &c\n next</p><script>f()</script>"
                  "<pre>l1\n  l2</pre></body>",
                  "A b\nR&D <x> \xc3\xa4 \xc3\xa9 &unknown; &c next\nl1\nl2\n");
    assert_strips(STRIP_POD,
                  "=head1 NAME\n\nUse B<bold I<x>> and C<< a->b >> E<gt> 1.\nMore.\n\n  code(1)\n"
                  "=begin html\n\n<b>no</b>\n\n=end html\n\n=cut\n",
                  "NAME\nUse bold x and a->b > 1. More.\ncode(1)\nhtml\n");
    assert_strips(STRIP_FORTUNES, "one\ntwo\n%\nthree\n%\n%\nfour", "one two\nthree\nfour\n");
    assert_strips(STRIP_PLAIN, "a\nb\n\n\nc", "a b\nc\n");
    assert_strips(STRIP_HTML, "a<", "a\n");
    assert_strips(STRIP_HTML, "<script>", "");
    assert_strips(STRIP_PLAIN, "", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(latin64_lowers_folds_and_squeezes),
        cmocka_unit_test(every_symbol_reads_as_itself),
        cmocka_unit_test(bytes_stay_bytes),
        cmocka_unit_test(a_text_that_goes_on_is_read_line_by_line),
        cmocka_unit_test(broken_utf8_is_found_where_it_breaks),
        cmocka_unit_test(markup_goes_and_paragraphs_become_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
