#include "scorer/join.h"

#include <math.h>
#include <string.h>

size_t join_scratch_count(uint32_t count, uint32_t width, uint32_t symbols)
{
    return (size_t)width + 2 * (size_t)symbols + 3 * (size_t)count + (size_t)count * symbols;
}

void join_softmax(const double *w, uint32_t count, uint32_t without, double *ret_shares)
{
    double largest = -INFINITY, sum = 0;
    for (uint32_t i = 0; i < count; i++)
        if (i != without)
            largest = fmax(largest, w[i]);
    for (uint32_t i = 0; i < count; i++) {
        ret_shares[i] = i == without ? 0 : exp(w[i] - largest);
        sum += ret_shares[i];
    }
    for (uint32_t i = 0; i < count; i++)
        ret_shares[i] /= sum;
}

static const double *response(const struct join *join, uint32_t i, uint32_t row)
{
    return join->responses + ((size_t)join->peers[i] * join->rows + row) * join->width;
}

void join_row(const struct join *join, const double *shares, uint32_t row, double *ret_joined)
{
    memset(ret_joined, 0, join->width * sizeof(*ret_joined));
    for (uint32_t i = 0; i < join->count; i++) {
        const double *h = response(join, i, row);
        for (uint32_t k = 0; shares[i] != 0 && k < join->width; k++)
            ret_joined[k] += shares[i] * h[k];
    }
}

/* z = D h, or h itself. */
static void decode(const struct join *join, const double *h, double *ret_logits)
{
    if (join->decoder == NULL) {
        memcpy(ret_logits, h, join->symbols * sizeof(*h));
        return;
    }
    for (uint32_t v = 0; v < join->symbols; v++) {
        double sum = 0;
        for (uint32_t k = 0; k < join->width; k++)
            sum += join->decoder[(size_t)v * join->width + k] * h[k];
        ret_logits[v] = sum;
    }
}

/* Logits to probabilities in place; returns -ln of the target's. */
static double to_probabilities(double *z, uint32_t symbols, uint32_t target)
{
    double largest = -INFINITY, sum = 0, at_target = z[target];
    for (uint32_t v = 0; v < symbols; v++)
        largest = fmax(largest, z[v]);
    for (uint32_t v = 0; v < symbols; v++) {
        z[v] = exp(z[v] - largest);
        sum += z[v];
    }
    for (uint32_t v = 0; v < symbols; v++)
        z[v] /= sum;
    return log(sum) + largest - at_target;
}

double join_loss(const struct join *join, const double *shares, double *scratch)
{
    double *h = scratch, *z = scratch + join->width, loss_nats = 0;
    for (uint32_t row = 0; row < join->rows; row++) {
        join_row(join, shares, row, h);
        decode(join, h, z);
        loss_nats += to_probabilities(z, join->symbols, join->targets[row]);
    }
    return loss_nats / join->rows;
}

void join_leave_one_out(const struct join *join, const double *w, double *scratch, double *ret)
{
    double *shares = scratch, *rest = scratch + join->count;
    join_softmax(w, join->count, UINT32_MAX, shares);
    double all_nats = join_loss(join, shares, rest);
    for (uint32_t i = 0; i < join->count; i++) {
        if (join->count == 1) {
            ret[i] = 0;
            break;
        }
        join_softmax(w, join->count, i, shares);
        ret[i] = join_loss(join, shares, rest) - all_nats;
    }
}

/* What one row adds to the derivatives, before the division by rows. */
struct row_terms {
    double *p;     /* (symbols) */
    double *v;     /* (R, symbols): z of the peer alone minus z of the join */
    double *slope; /* (R) u.v_i */
    double *mean;  /* (R) p.v_i */
};

static void fill_row(const struct join *join, const double *shares, uint32_t row, double *h,
                     double *z, const struct row_terms *terms)
{
    uint32_t symbols = join->symbols, target = join->targets[row];
    join_row(join, shares, row, h);
    decode(join, h, z);
    memcpy(terms->p, z, symbols * sizeof(*z));
    (void)to_probabilities(terms->p, symbols, target);
    for (uint32_t i = 0; i < join->count; i++) {
        double *v = terms->v + (size_t)i * symbols, mean = 0;
        decode(join, response(join, i, row), v);
        for (uint32_t s = 0; s < symbols; s++) {
            v[s] -= z[s];
            mean += terms->p[s] * v[s];
        }
        terms->mean[i] = mean;
        terms->slope[i] = mean - v[target];
    }
}

static double covariance(const struct row_terms *terms, uint32_t symbols, uint32_t i, uint32_t j)
{
    const double *v = terms->v + (size_t)i * symbols, *w = terms->v + (size_t)j * symbols;
    double sum = 0;
    for (uint32_t s = 0; s < symbols; s++)
        sum += terms->p[s] * v[s] * w[s];
    return sum - terms->mean[i] * terms->mean[j];
}

static void add_row(const struct join *join, const double *a, const struct row_terms *terms,
                    double *gradient, double *hessian)
{
    uint32_t count = join->count;
    const double *slope = terms->slope;
    for (uint32_t i = 0; i < count; i++) {
        gradient[i] += a[i] * slope[i] / join->rows;
        for (uint32_t j = 0; j < count; j++) {
            double bend = a[i] * a[j] * covariance(terms, join->symbols, i, j);
            double turn = a[i] * ((i == j) - a[j]) * slope[i] - a[i] * a[j] * slope[j];
            hessian[i * count + j] += (bend + turn) / join->rows;
        }
    }
}

void join_derivatives(const struct join *join, const double *w, double *scratch,
                      double *ret_gradient, double *ret_hessian)
{
    uint32_t count = join->count;
    double *h = scratch, *z = h + join->width;
    struct row_terms terms = {.p = z + join->symbols};
    terms.slope = terms.p + join->symbols;
    terms.mean = terms.slope + count;
    terms.v = terms.mean + count;
    memset(ret_gradient, 0, count * sizeof(*ret_gradient));
    memset(ret_hessian, 0, (size_t)count * count * sizeof(*ret_hessian));
    double *shares = terms.v + (size_t)count * join->symbols;
    join_softmax(w, count, UINT32_MAX, shares);
    for (uint32_t row = 0; row < join->rows; row++) {
        fill_row(join, shares, row, h, z, &terms);
        add_row(join, shares, &terms, ret_gradient, ret_hessian);
    }
}

static double row_sum(const double *hessian, uint32_t count, uint32_t i)
{
    double sum = 0;
    for (uint32_t j = 0; j < count; j++)
        sum += hessian[i * count + j];
    return sum;
}

void join_salience_rowsum(const double *w, const double *hessian, uint32_t count, double *ret)
{
    for (uint32_t i = 0; i < count; i++)
        ret[i] = fmax(row_sum(hessian, count, i) * w[i] * w[i] / 2, 0);
}

void join_salience_diag(const double *w, const double *hessian, uint32_t count, double *ret)
{
    for (uint32_t i = 0; i < count; i++)
        ret[i] = hessian[i * count + i] * w[i] * w[i] / 2;
}

void join_salience_full(const double *w, const double *gradient, const double *hessian,
                        uint32_t count, double *ret)
{
    for (uint32_t i = 0; i < count; i++) {
        double sum = 0;
        for (uint32_t j = 0; j < count; j++)
            sum += hessian[i * count + j] * w[j];
        ret[i] = -w[i] * gradient[i] + w[i] * sum / 2;
    }
}
