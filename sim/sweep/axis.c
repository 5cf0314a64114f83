#include "sweep/axis.h"

#include "base/dist.h"
#include "base/error.h"
#include "base/param_text.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEVELS_MAX = 100000 };

const struct axis_form axis_forms[] = {
    {"range", AXIS_RANGE, NULL, NULL, false, "from the first to the second, both included"},
    {"log", AXIS_LOG, NULL, NULL, false, "the same in equal ratios"},
    {"normal", AXIS_NORMAL, "mean", "sd", false, "Gauss' distribution"},
    {"lognormal", AXIS_LOGNORMAL, "median", "sigma", true,
     "the logarithm is normal, with sd sigma"},
    {"exponential", AXIS_EXPONENTIAL, "mean", NULL, false, "the exponential distribution"},
    {"pareto", AXIS_PARETO, "minimum", "exponent", true, "P(value > x) = (minimum / x)^exponent"},
    {0},
};
static const char known_forms[] = "range, log, normal, lognormal, exponential, pareto";

static const struct axis_form *form_of(const struct node *node)
{
    if (document_kind(node) != DOCUMENT_MAP || document_count(node) == 0)
        return NULL;
    for (const struct axis_form *form = axis_forms; form->word != NULL; form++)
        if (strcmp(document_key(node, 0), form->word) == 0)
            return form;
    return NULL;
}

static bool read_list(struct axis *axis, const struct config_document *document,
                      struct config_report *report)
{
    size_t count = document_count(axis->node);
    if (count == 0) {
        document_complain(document, report, axis->node, "'%s': the list is empty", axis->path);
        return false;
    }
    axis->texts = calloc(count, sizeof(*axis->texts));
    for (size_t i = 0; i < count && axis->texts != NULL; i++) {
        axis->texts[i] = document_flow(document_item(axis->node, i));
        if (axis->texts[i] == NULL)
            break;
        axis->count = i + 1;
    }
    axis->no_memory = axis->count != count;
    return !axis->no_memory;
}

/* The words of a form and their kinds, before anything is known of the key. */
static bool check_form(const struct axis *axis, const struct config_document *document,
                       const struct axis_form *form, struct config_report *report)
{
    const struct node *body = document_item(axis->node, 0);
    if (form->first == NULL) {
        if (document_kind(body) == DOCUMENT_LIST && document_count(body) == 2 &&
            document_text(document_item(body, 0)) != NULL &&
            document_text(document_item(body, 1)) != NULL)
            return true;
        document_complain(document, report, body, "'%s': two ends are expected, [LOW, HIGH]",
                          form->word);
        return false;
    }
    size_t wanted = form->second != NULL ? 2 : 1;
    const struct node *first = document_find(body, form->first);
    const struct node *second = form->second != NULL ? document_find(body, form->second) : first;
    if (document_count(body) == wanted && first != NULL && second != NULL &&
        document_text(first) != NULL && document_text(second) != NULL)
        return true;
    const char *end = form->second == NULL ? "" : form->second_is_bare ? ": N" : ": X";
    document_complain(document, report, body, "'%s' is written {%s: X%s%s%s}", form->word,
                      form->first, form->second != NULL ? ", " : "",
                      form->second != NULL ? form->second : "", end);
    return false;
}

/* What may stand beside the form: `step` or `n`, for the two that have ends. */
static bool check_extras(const struct axis *axis, const struct config_document *document,
                         const struct axis_form *form, struct config_report *report)
{
    for (size_t i = 1; i < document_count(axis->node); i++) {
        const char *word = document_key(axis->node, i);
        bool known =
            form->first == NULL &&
            (strcmp(word, "n") == 0 || (strcmp(word, "step") == 0 && form->shape == AXIS_RANGE));
        if (known && document_count(axis->node) == 2 &&
            document_text(document_item(axis->node, i)) != NULL)
            continue;
        document_complain_key(document, report, axis->node, i,
                              "'%s' does not belong here: 'range' takes a step or n, 'log' an n",
                              word);
        return false;
    }
    return true;
}

/* A mapping's first word is the form's; with a slip in it, the message stands there. */
static void complain_unknown_form(const struct axis *axis, const struct config_document *document,
                                  struct config_report *report)
{
    const char *names[sizeof(axis_forms) / sizeof(axis_forms[0])];
    size_t count = 0;
    for (const struct axis_form *form = axis_forms; form->word != NULL; form++)
        names[count++] = form->word;
    names[count] = NULL;
    bool is_map = document_kind(axis->node) == DOCUMENT_MAP && document_count(axis->node) > 0;
    const char *meant = is_map ? param_nearest(document_key(axis->node, 0), names) : NULL;
    if (is_map)
        document_complain_key(
            document, report, axis->node, 0, "no form of values '%.60s': there are %s%s%s%s",
            document_key(axis->node, 0), known_forms, meant ? "; did you mean '" : "",
            meant ? meant : "", meant ? "'?" : "");
    else
        document_complain(document, report, axis->node, "'%s' takes a list of values, or one of %s",
                          axis->path, known_forms);
}

static bool read_node(struct axis *axis, const struct config_document *document,
                      struct config_report *report)
{
    if (document_kind(axis->node) == DOCUMENT_LIST)
        return read_list(axis, document, report);
    const struct axis_form *form = form_of(axis->node);
    if (form == NULL) {
        complain_unknown_form(axis, document, report);
        return false;
    }
    axis->shape = form->shape;
    return check_form(axis, document, form, report) && check_extras(axis, document, form, report);
}

bool axis_init(struct axis *axis, const struct config_document *document, const struct node *params,
               size_t index, struct config_report *report)
{
    *axis = (struct axis){.path = document_key(params, index),
                          .node = document_item(params, index),
                          .shape = AXIS_LIST};
    if (strcmp(axis->path, "seed") == 0 || strcmp(axis->path, "until") == 0)
        document_complain_key(document, report, params, index,
                              strcmp(axis->path, "seed") == 0
                                  ? "'seed' is the study's own: 'replicates' varies it"
                                  : "'until' is no part of a run's identity: put it under 'set'");
    else
        axis->valid = read_node(axis, document, report);
    return axis->valid;
}

void axis_release(struct axis *axis)
{
    for (size_t i = 0; i < axis->count; i++)
        free(axis->texts[i]);
    free(axis->texts);
    axis->texts = NULL;
    axis->count = 0;
}

bool axis_is_computed(const struct axis *axis)
{
    return document_kind(axis->node) == DOCUMENT_MAP;
}

static const struct node *part(const struct axis *axis, const struct axis_form *form, size_t index)
{
    const struct node *body = document_item(axis->node, 0);
    if (form->first == NULL)
        return document_item(body, index);
    const char *word = index == 0 ? form->first : form->second;
    return word != NULL ? document_find(body, word) : NULL;
}

char *axis_set(const struct axis *axis, const char *value)
{
    size_t bytes = strlen(axis->path) + strlen(value) + 2;
    char *text = malloc(bytes);
    if (text != NULL)
        snprintf(text, bytes, "%s=%s", axis->path, value);
    return text;
}

const char *axis_sample(const struct axis *axis)
{
    if (!axis_is_computed(axis))
        return axis->texts[0];
    return document_text(part(axis, form_of(axis->node), 0));
}

/* ---- numbers in the key's notation */

static bool is_number(const struct param_key *key)
{
    switch (key->kind & PARAM_KIND_MASK) {
    case PARAM_BOOL:
    case PARAM_ENUM:
    case PARAM_STRING:
    case PARAM_STRING_LIST:
        return false;
    default:
        return true;
    }
}

static bool read_number(const struct config_document *document, const struct node *node,
                        const struct param_key *key, bool bounded, double *ret_number,
                        struct config_report *report)
{
    union {
        double f64;
        uint64_t u64;
        int64_t i64;
    } field = {0};
    char reason[PARAM_REASON_BYTES];
    const char *text = document_text(node);
    bool good = bounded ? param_parse(key, text, &field, reason)
                        : param_parse_unbounded(key, text, &field, reason);
    if (!good) {
        document_complain(document, report, node, "%s", reason);
        return false;
    }
    unsigned kind = key->kind & PARAM_KIND_MASK;
    *ret_number = dist_number_f64(dist_type_of(kind), dist_number_of(kind, &field));
    return true;
}

/* A number as text of the key's kind; whole kinds are rounded, and held within 0 where they have no
 * sign. */
static char *format_number(const struct param_key *key, double number)
{
    unsigned kind = key->kind & PARAM_KIND_MASK;
    char text[PARAM_TEXT_BYTES];
    double whole = nearbyint(number);
    uint64_t u64 = whole > 0 ? (uint64_t)whole : 0;
    int64_t i64 = (int64_t)whole;
    uint32_t u32 = (uint32_t)u64;
    uint16_t u16 = (uint16_t)u64;
    int32_t i32 = (int32_t)i64;
    const void *field = &number;
    if (kind == PARAM_U32)
        field = &u32;
    else if (kind == PARAM_FRACTION_U16)
        field = &u16;
    else if (kind == PARAM_I32)
        field = &i32;
    else if (dist_type_of(kind) == DIST_U64)
        field = &u64;
    else if (dist_type_of(kind) == DIST_I64)
        field = &i64;
    param_format(key, field, text);
    return strdup(text);
}

/* Twelve digits: 4 instead of 3.9999999999999996, which pow gives for the cube root of 64. */
static double tidy(double level)
{
    char text[40];
    snprintf(text, sizeof(text), "%.11e", level);
    return strtod(text, NULL);
}

/* The levels of {range: [...], step: X} or {..., n: N}. */
static bool make_levels(struct axis *axis, const struct config_document *document,
                        struct config_report *report)
{
    static const struct param_key count_key = {
        .name = "n", .kind = PARAM_U32, .min = "2", .max = "100000"};
    const struct node *extra = document_item(axis->node, 1);
    bool by_step = strcmp(document_key(axis->node, 1), "step") == 0;
    double value, width = axis->high - axis->low;
    if (!read_number(document, extra, by_step ? axis->key : &count_key, !by_step, &value, report))
        return false;
    if (by_step && !(value > 0 && width / value < LEVELS_MAX)) {
        document_complain(document, report, extra, "a step above zero, of at most %d", LEVELS_MAX);
        return false;
    }
    /* The last step may miss the high end by rounding. */
    size_t count = by_step ? (size_t)floor(width / value + 1e-9) + 1 : (size_t)value;
    axis->texts = calloc(count, sizeof(*axis->texts));
    for (size_t i = 0; i < count && axis->texts != NULL; i++) {
        double share = count > 1 ? (double)i / (double)(count - 1) : 0;
        double level = axis->low + (by_step ? (double)i * value : share * width);
        if (axis->shape == AXIS_LOG)
            level = axis->low * pow(axis->high / axis->low, share);
        if (i + 1 == count && !by_step)
            level = axis->high;
        axis->texts[i] = format_number(axis->key, tidy(level));
        if (axis->texts[i] == NULL)
            break;
        axis->count = i + 1;
    }
    axis->no_memory = axis->count != count;
    axis->shape = AXIS_LIST;
    return !axis->no_memory;
}

static bool check_numbers(const struct axis *axis, const struct config_document *document,
                          struct config_report *report)
{
    const char *trouble = NULL;
    if (axis->shape <= AXIS_LOG && !(axis->low < axis->high))
        trouble = "the low end must be below the high end";
    else if (axis->shape == AXIS_LOG && !(axis->low > 0))
        trouble = "a logarithm needs ends above zero";
    else if (axis->shape > AXIS_NORMAL && !(axis->low > 0))
        trouble = "this distribution needs a number above zero";
    else if (axis->shape > AXIS_LOG && axis->shape != AXIS_EXPONENTIAL && !(axis->high > 0))
        trouble = "the spread must be above zero";
    if (trouble != NULL)
        document_complain(document, report, document_item(axis->node, 0), "%s", trouble);
    return trouble == NULL;
}

bool axis_bind(struct axis *axis, const struct config_document *document,
               const struct param_key *key, struct config_report *report)
{
    static const struct param_key bare = {.name = "number", .kind = PARAM_REAL};
    const struct axis_form *form = form_of(axis->node);
    SIM_ASSERT(form != NULL);
    if (key == NULL || !is_number(key)) {
        document_complain(document, report, axis->node, "'%s' is no number: give a list of values",
                          axis->path);
        return false;
    }
    axis->key = key;
    const struct node *second = part(axis, form, 1);
    bool ends = form->first == NULL;
    if (!read_number(document, part(axis, form, 0), key, true, &axis->low, report))
        return false;
    if (second != NULL && !read_number(document, second, form->second_is_bare ? &bare : key, ends,
                                       &axis->high, report))
        return false;
    if (!check_numbers(axis, document, report))
        return false;
    return document_count(axis->node) < 2 || make_levels(axis, document, report);
}

/* ---- quantities, for files of numbers */

static bool parse_quantity(const struct param_key *key, const char *text, double *ret_number)
{
    union {
        double f64;
        uint64_t u64;
        int64_t i64;
    } field = {0};
    char reason[PARAM_REASON_BYTES], plain[PARAM_TEXT_BYTES];
    size_t length = strlen(text), quoted = *text == '\'' || *text == '"';
    if (length >= sizeof(plain) || length < 2 * quoted)
        return false;
    memcpy(plain, text + quoted, length - 2 * quoted);
    plain[length - 2 * quoted] = '\0';
    unsigned kind = key->kind & PARAM_KIND_MASK;
    if (!param_parse_unbounded(key, plain, &field, reason))
        return false;
    *ret_number = dist_number_f64(dist_type_of(kind), dist_number_of(kind, &field));
    if (kind == PARAM_DURATION_NS)
        *ret_number *= 1e-9;
    if (kind == PARAM_FRACTION_U16)
        *ret_number /= UINT16_MAX;
    return true;
}

void axis_learn(struct axis *axis, const struct param_key *key)
{
    double ignored;
    if (axis_is_computed(axis) || key == NULL || !is_number(key))
        return;
    for (size_t i = 0; i < axis->count; i++)
        if (!parse_quantity(key, axis->texts[i], &ignored))
            return;
    axis->key = key;
}

bool axis_is_number(const struct axis *axis)
{
    return axis->key != NULL;
}

const char *axis_units(const struct axis *axis)
{
    switch (axis->key->kind & PARAM_KIND_MASK) {
    case PARAM_DURATION_NS:
        return "s";
    case PARAM_AMOUNT_RAO:
        return "rao";
    case PARAM_SIZE_BYTES:
        return "byte";
    case PARAM_RATE_BYTES:
        return "byte s-1";
    case PARAM_FLOPS:
    case PARAM_HASH_RATE:
        return "s-1";
    case PARAM_POWER_W:
        return "W";
    case PARAM_NATS:
        return "nat";
    default:
        return "1";
    }
}

double axis_quantity(const struct axis *axis, const char *text)
{
    double number = NAN;
    (void)parse_quantity(axis->key, text, &number);
    return number;
}

/* ---- values */

static bool is_whole(const struct param_key *key)
{
    return dist_type_of(key->kind & PARAM_KIND_MASK) != DIST_F64;
}

double axis_number(const struct axis *axis, double u)
{
    /* The tails have no end: the outermost 2^-53 stands for what lies beyond. */
    double inner = fmin(fmax(u, 0x1p-53), 1 - 0x1p-53);
    switch (axis->shape) {
    case AXIS_RANGE:
        if (is_whole(axis->key))
            return fmin(axis->low + floor(u * (axis->high - axis->low + 1)), axis->high);
        return axis->low + u * (axis->high - axis->low);
    case AXIS_LOG:
        return axis->low * pow(axis->high / axis->low, u);
    case AXIS_NORMAL:
        return axis->low + axis->high * gsl_cdf_ugaussian_Pinv(inner);
    case AXIS_LOGNORMAL:
        return axis->low * exp(axis->high * gsl_cdf_ugaussian_Pinv(inner));
    case AXIS_EXPONENTIAL:
        return gsl_cdf_exponential_Pinv(inner, axis->low);
    case AXIS_PARETO:
        return gsl_cdf_pareto_Pinv(inner, axis->high, axis->low);
    case AXIS_LIST:
        break;
    }
    return floor(u * (double)axis->count);
}

char *axis_at(const struct axis *axis, double u)
{
    SIM_ASSERT(u >= 0 && u <= 1);
    double number = axis_number(axis, u);
    if (axis->shape != AXIS_LIST)
        return format_number(axis->key, number);
    size_t index = (size_t)number;
    return strdup(axis->texts[index < axis->count ? index : axis->count - 1]);
}
