/*
 * join.h: several peers' answers joined by a softmax over gate weights, and what each is worth to
 * the joined answer (validators of 2021-2022, before the scaling law).
 *
 *   a = softmax(w) over the R peers that answered,  h_t = sum_i a_i h_it,  z_t = D h_t,
 *   L(w) = mean over rows t of -ln softmax(z_t)[target_t]
 *
 * h_it is peer i's answer for row t: a hidden state that the validator's decoder D reads, or,
 * without a decoder, logits.
 */
#ifndef SCORER_JOIN_H
#define SCORER_JOIN_H

#include <stddef.h>
#include <stdint.h>

struct join {
    uint32_t rows, width, symbols; /* without a decoder width = symbols */
    const double *responses;       /* (K, rows, width) */
    const double *decoder;         /* (symbols, width), or NULL = identity */
    const uint8_t *targets;        /* (rows) */
    uint32_t count;                /* R */
    const uint32_t *peers;         /* (R) indices into responses */
};

/* Doubles of scratch that any function below needs for up to `count` peers. */
size_t join_scratch_count(uint32_t count, uint32_t width, uint32_t symbols);

/* a = softmax(w) (R), leaving out the peer at position `without` (UINT32_MAX: nobody). */
void join_softmax(const double *w, uint32_t count, uint32_t without, double *ret_shares);

/* h_t (width) for one row. */
void join_row(const struct join *join, const double *shares, uint32_t row, double *ret_joined);

/* L for shares that are given. */
double join_loss(const struct join *join, const double *shares, double *scratch);

/* ret (R): L with the softmax taken again without the peer, minus L; 0 for a single peer. */
void join_leave_one_out(const struct join *join, const double *w, double *scratch, double *ret);

/*
 * Derivatives of L by w, exactly.  With u_t = softmax(z_t) - onehot(target_t) and
 * v_it = D (h_it - h_t):
 *   g_i  = mean_t a_i u.v_i
 *   H_ij = mean_t [ a_i a_j cov_p(v_i, v_j) + a_i (delta_ij - a_j) u.v_i - a_i a_j u.v_j ],
 * cov_p the covariance under p = softmax(z_t).  ret_gradient (R), ret_hessian (R, R).
 */
void join_derivatives(const struct join *join, const double *w, double *scratch,
                      double *ret_gradient, double *ret_hessian);

/*
 * Saliences made of them (R each).  A softmax does not change when a constant is added to all w,
 * so each row of H sums to nothing: the first one, which was set on chain in 2021, is rounding
 * noise.  It is kept because it was used.
 *   rowsum: max(w_i^2 / 2 x sum_j H_ij, 0)
 *   diag:   w_i^2 / 2 x H_ii
 *   full:   -w_i g_i + w_i / 2 x sum_j H_ij w_j
 */
void join_salience_rowsum(const double *w, const double *hessian, uint32_t count, double *ret);
void join_salience_diag(const double *w, const double *hessian, uint32_t count, double *ret);
void join_salience_full(const double *w, const double *gradient, const double *hessian,
                        uint32_t count, double *ret);

#endif
