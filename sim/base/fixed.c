#include "base/fixed.h"

/* The crate keeps both constants with 23 fractional bits, whatever the type. */
#define E_23 INT64_C(22802600)
#define LOG2_E_23 INT64_C(12102203)

int64_t fixed_round(int64_t x)
{
    const int64_t half = FIXED_ONE / 2;
    int64_t magnitude_up = x < 0 ? fixed_sub(x, half) : fixed_add(x, half);
    /* Toward zero, so that half away from zero results. */
    return magnitude_up / FIXED_ONE * FIXED_ONE;
}

/* exp(x) = 1 + x + x^2/2! + ..., x >= 0: 30 products whatever they are, each rounded down, except
 * that terms which have become zero stay zero. */
static bool exp_series(int64_t x, int64_t *ret)
{
    int64_t result;
    if (__builtin_add_overflow(x, FIXED_ONE, &result))
        return false;
    int64_t term = x;
    for (int64_t i = 2; i < 32 && term != 0; i++) {
        if (!fixed_mul_checked(term, x, &term))
            return false;
        term /= i;
        if (__builtin_add_overflow(result, term, &result))
            return false;
    }
    *ret = result;
    return true;
}

bool fixed_exp(int64_t x, int64_t *ret)
{
    if (x == 0 || x == FIXED_ONE) {
        *ret = x == 0 ? FIXED_ONE : E_23 << 9;
        return true;
    }
    int64_t result;
    if (x == FIXED_MIN || !exp_series(x < 0 ? -x : x, &result))
        return false;
    if (x < 0)
        return fixed_div_checked(FIXED_ONE, result, ret);
    *ret = result;
    return true;
}

int64_t fixed_exp_safe(int64_t x)
{
    const int64_t limit = 20 * FIXED_ONE;
    int64_t result, clamped = x < -limit ? -limit : x > limit ? limit : x;
    if (fixed_exp(clamped, &result))
        return result;
    return clamped <= 0 ? 0 : FIXED_MAX;
}

int64_t fixed_exp_or_zero(int64_t x)
{
    int64_t result;
    return fixed_exp(x, &result) ? result : 0;
}

/* Round half up, as the crate halves. */
static int64_t halve(int64_t x)
{
    return (x >> 1) + (x & 1);
}

/* log2 of x >= 1, raw bits: whole part by halving, then one bit a squaring. */
static int64_t log2_at_least_one(int64_t x)
{
    int64_t result = 0;
    while (x >= 2 * FIXED_ONE) {
        result++;
        x = halve(x);
    }
    if (x == FIXED_ONE)
        return result * FIXED_ONE;
    for (int i = 0; i < 32; i++) {
        x = fixed_mul(x, x);
        result <<= 1;
        if (x >= 2 * FIXED_ONE) {
            result |= 1;
            x = halve(x);
        }
    }
    return result;
}

int64_t fixed_ln_safe(int64_t x)
{
    if (x <= 0)
        return 0;
    int64_t log2;
    if (x < FIXED_ONE) {
        int64_t inverse;
        if (!fixed_div_checked(FIXED_ONE, x, &inverse))
            return 0;
        log2 = -log2_at_least_one(inverse);
    } else {
        log2 = log2_at_least_one(x);
    }
    return fixed_div_safe(log2, LOG2_E_23 << 9);
}

int64_t fixed_sigmoid_safe(int64_t x, int64_t rho, int64_t kappa)
{
    int64_t exponent = fixed_mul(fixed_mul(rho, -FIXED_ONE), fixed_sub(x, kappa));
    return fixed_div_safe(FIXED_ONE, fixed_add(fixed_exp_safe(exponent), FIXED_ONE));
}

/* ------------------------------------------------------------------------------ wide division */

struct u256 {
    fixed_u128 high, low;
};

static struct u256 multiply_wide(fixed_u128 a, fixed_u128 b)
{
    uint64_t a0 = (uint64_t)a, a1 = (uint64_t)(a >> 64);
    uint64_t b0 = (uint64_t)b, b1 = (uint64_t)(b >> 64);
    fixed_u128 low = (fixed_u128)a0 * b0;
    fixed_u128 cross = (fixed_u128)a0 * b1;
    fixed_u128 other = (fixed_u128)a1 * b0;
    fixed_u128 middle = (low >> 64) + (uint64_t)cross + (uint64_t)other;
    return (struct u256){
        .high = (fixed_u128)a1 * b1 + (cross >> 64) + (other >> 64) + (middle >> 64),
        .low = middle << 64 | (uint64_t)low,
    };
}

/* One digit of base 2^64 of u / v, and u := the rest; v's highest bit is set and u < v 2^64, that
 * is *high, u in three digits (Knuth, volume 2, algorithm D). */
static uint64_t divide_digit(uint64_t *high, fixed_u128 *u, uint64_t next, fixed_u128 v)
{
    uint64_t v1 = (uint64_t)(v >> 64), v0 = (uint64_t)v;
    fixed_u128 top = (fixed_u128)*high << 64 | (uint64_t)(*u >> 64);
    fixed_u128 digit = *high >= v1 ? UINT64_MAX : top / v1;
    fixed_u128 rest = top - digit * v1;
    while (rest >> 64 == 0 && digit * v0 > (rest << 64 | (uint64_t)*u)) {
        digit--;
        rest += v1;
    }
    /* What is left is below v; it is right modulo 2^128. */
    fixed_u128 left = (rest << 64 | (uint64_t)*u) - digit * v0;
    *high = (uint64_t)(left >> 64);
    *u = left << 64 | next;
    return (uint64_t)digit;
}

/* (a << shift) / b, truncated; the quotient's bits above 128 go to *ret_high. */
static fixed_u128 divide_shifted(fixed_u128 a, unsigned shift, fixed_u128 b, fixed_u128 *ret_high)
{
    *ret_high = 0;
    if (a >> (128 - shift) == 0)
        return (a << shift) / b;
    fixed_u128 high = a >> (128 - shift), low = a << shift;
    if (b >> 64 == 0) {
        /* Digit by digit; high is one digit. */
        *ret_high = high / b;
        fixed_u128 u = high % b << 64 | low >> 64;
        fixed_u128 middle = u / b;
        u = u % b << 64 | (uint64_t)low;
        return middle << 64 | u / b;
    }
    unsigned left = (unsigned)__builtin_clzll((uint64_t)(b >> 64));
    if (left > 0) {
        high = high << left | low >> (128 - left);
        low <<= left;
        b <<= left;
    }
    uint64_t digit_high = (uint64_t)(high >> 64);
    fixed_u128 u = high << 64 | low >> 64;
    uint64_t first = divide_digit(&digit_high, &u, (uint64_t)low, b);
    uint64_t second = divide_digit(&digit_high, &u, 0, b);
    return (fixed_u128)first << 64 | second;
}

static fixed_u128 magnitude(fixed_i128 x)
{
    return x < 0 ? -(fixed_u128)x : (fixed_u128)x;
}

fixed_i128 fixed64_div_safe(fixed_i128 a, fixed_i128 b)
{
    if (b == 0)
        return 0;
    fixed_u128 high, quotient = divide_shifted(magnitude(a), 64, magnitude(b), &high);
    bool negative = (a < 0) != (b < 0);
    fixed_u128 largest = ((fixed_u128)1 << 127) - (negative ? 0 : 1);
    if (high != 0 || quotient > largest)
        return 0;
    return (fixed_i128)(negative ? -quotient : quotient);
}

/* ------------------------------------------------------------------------------------- I65F63 */

/* |a * b| as 256 bits, then shifted right by 63 with floor for negative products. */
static fixed_i128 shift_product(struct u256 product, bool negative, bool *ret_fits)
{
    fixed_u128 whole = product.high << 65 | product.low >> 63;
    bool rest = (product.low & (((fixed_u128)1 << 63) - 1)) != 0;
    fixed_u128 rounded = whole + (negative && rest ? 1 : 0);
    *ret_fits = product.high >> 63 == 0 && rounded <= ((fixed_u128)1 << 127) - (negative ? 0 : 1);
    return (fixed_i128)(negative ? -rounded : rounded);
}

static fixed_i128 multiply63(fixed_i128 a, fixed_i128 b, bool *ret_fits)
{
    int64_t a_low = (int64_t)a, b_low = (int64_t)b;
    if (a == a_low && b == b_low) {
        *ret_fits = true;
        return ((fixed_i128)a_low * b_low) >> 63;
    }
    return shift_product(multiply_wide(magnitude(a), magnitude(b)), (a < 0) != (b < 0), ret_fits);
}

fixed_i128 fixed63_mul(fixed_i128 a, fixed_i128 b)
{
    bool fits;
    return multiply63(a, b, &fits);
}

fixed_i128 fixed63_div(fixed_i128 a, fixed_i128 b)
{
    fixed_u128 high, quotient = divide_shifted(magnitude(a), 63, magnitude(b), &high);
    return (fixed_i128)((a < 0) != (b < 0) ? -quotient : quotient);
}

static bool exp63_series(fixed_i128 x, fixed_i128 *ret)
{
    fixed_i128 result, term = x;
    if (__builtin_add_overflow(x, FIXED63_ONE, &result))
        return false;
    for (int i = 2; i < 63 && term != 0; i++) {
        bool fits;
        term = multiply63(term, x, &fits);
        if (!fits)
            return false;
        term /= i;
        if (__builtin_add_overflow(result, term, &result))
            return false;
    }
    *ret = result;
    return true;
}

bool fixed63_exp(fixed_i128 x, fixed_i128 *ret)
{
    if (x == 0 || x == FIXED63_ONE) {
        *ret = x == 0 ? FIXED63_ONE : (fixed_i128)E_23 << 40;
        return true;
    }
    fixed_i128 result;
    if (!exp63_series(x < 0 ? (fixed_i128)magnitude(x) : x, &result))
        return false;
    *ret = x < 0 ? fixed63_div(FIXED63_ONE, result) : result;
    return true;
}

/* ------------------------------------------------------------------------------------- vectors */

int64_t fixed_sum(const int64_t *x, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (uint64_t)x[i];
    return (int64_t)sum;
}

void fixed_normalize_by(int64_t *x, size_t count, int64_t sum)
{
    for (size_t i = 0; sum != 0 && i < count; i++)
        x[i] = fixed_div_safe(x[i], sum);
}

void fixed_normalize(int64_t *x, size_t count)
{
    fixed_normalize_by(x, count, fixed_sum(x, count));
}

/* One number of fixed_max_upscale. */
static uint16_t upscale(int64_t x, int64_t largest)
{
    const int64_t full = 65535 * FIXED_ONE;
    if (largest == 0)
        return fixed_to_u16_proportion(x);
    if (largest > 32768 * FIXED_ONE)
        return fixed_to_u16(fixed_round(fixed_mul(x, fixed_div_safe(full, largest))));
    return fixed_to_u16(fixed_round(fixed_div_safe(fixed_mul(x, full), largest)));
}

void fixed_max_upscale(const int64_t *x, size_t count, uint16_t *ret_scaled)
{
    int64_t largest = count > 0 ? x[0] : 0;
    for (size_t i = 1; i < count; i++)
        largest = x[i] > largest ? x[i] : largest;
    for (size_t i = 0; i < count; i++)
        ret_scaled[i] = upscale(x[i], largest);
}

void fixed_max_upscale_u16(const uint16_t *x, size_t count, uint16_t *ret_scaled)
{
    uint16_t largest = 0;
    for (size_t i = 0; i < count; i++)
        largest = x[i] > largest ? x[i] : largest;
    for (size_t i = 0; i < count; i++)
        ret_scaled[i] = upscale(x[i] * FIXED_ONE, largest * FIXED_ONE);
}

bool fixed_within_max_weight(const uint16_t *x, size_t count, uint16_t limit)
{
    int64_t sum = 0, largest = 0;
    for (size_t i = 0; i < count; i++) {
        sum += x[i];
        largest = x[i] > largest ? x[i] : largest;
    }
    int64_t share = sum == 0 ? 0 : fixed_div_safe(largest * FIXED_ONE, fixed_from_i64(sum));
    return share <= fixed_from_u16_proportion(limit);
}
