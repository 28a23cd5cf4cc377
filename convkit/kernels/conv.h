/* A convolution as the direct kernels see it; forward pass and gradient of the images (dx) alike.
 *
 * For each image n, group g, output channel f and position (i, j):
 *
 *   out[n, g*F + f, out_row + i*out_step_h, out_col + j*out_step_w] = bias[g*F + f] + sum over c < C, t < taps of
 *       w(g, f, c, t) * in[n, g*C + c, i*stride_h + row[t], j*stride_w + col[t]]
 *
 * where what lies outside of the image is zero. A tap is one element of the filter. Forward, row[t] = ii*dilation - pad.
 * For dx the roles of images and output change: a pixel (y, x) receives from output position (y + pad - ii*dilation)/stride,
 * where that is whole. So dx with stride s is s*s convolutions with stride 1, one for each phase (y % s, x % s), each with
 * the taps that reach these pixels; each writes every s-th pixel.
 */
#ifndef CONVKIT_CONV_H
#define CONVKIT_CONV_H
#include "kernels.h"

typedef struct {
    const void *in, *bias; /* bias: NULL for none */
    const void *packed;    /* the filters, in the order in which the kernel reads them: written by its conv_pack; NULL if
                              the tasks shall pack what they need themselves */
    void *out;
    ptrdiff_t N, groups, C, H, W, F; /* C and F: channels of one group, in and out */
    ptrdiff_t rows, cols;            /* positions (i, j) */
    ptrdiff_t stride_h, stride_w;
    ptrdiff_t out_h, out_w, out_row, out_col, out_step_h, out_step_w;
    int relu; /* whether max(0, .) is taken at the end */
    int taps;
    const ptrdiff_t *row, *col;
    /* Phase (a, b) has the taps from start[a*phase_cols + b] to the next start and writes at (out_row + a, out_col + b);
     * rows and cols are those of phase (0, 0), others may have one less. All but dx has one phase. */
    const ptrdiff_t *start;
    ptrdiff_t phase_rows, phase_cols;

    /* The filters as the caller has them: w(g, f, c, t) = w[g*w_group + f*w_filter + c*w_channel + w_tap[t]]. */
    const void *w;
    ptrdiff_t w_group, w_filter, w_channel, w_size, w_taps; /* all elements of w; those of one filter and channel */
    const ptrdiff_t *w_tap;
    int *not_finite; /* set to 1 where an element of w is NaN or infinite, by whoever reads w */

    /* Blocking, set by conv_plan_*. */
    ptrdiff_t first_row, row_span, first_col, col_span; /* least tap, and the greatest minus it */
    ptrdiff_t task_images, task_rows, task_cols;          /* positions of one task */
    ptrdiff_t image_tasks, row_tasks, col_tasks;
    ptrdiff_t task_vectors, vector_tasks;                 /* vectors of output channels of one task (wide) */
    ptrdiff_t chunk;                                      /* channels whose filters (wide) or pixels (pointwise) stay in the cache */
    int direct;                                           /* no tap leaves the image: it is read where it stands */
    /* Filters of one pixel see a line of positions, counted through all rows (rows = 1). Where they do not stand side by side,
     * position q stands at q / line_cols * line_row_step + q % line_cols * line_col_step of the channel; else line_cols is 0. */
    ptrdiff_t line_cols, line_row_step, line_col_step;
    ptrdiff_t pitch, channel_step, image_step;            /* of the slab */
    ptrdiff_t phases_h, phases_w, phase_step;             /* of the slab sorted by phase */
    ptrdiff_t *offset;                                    /* of each tap in the slab */
    ptrdiff_t edge_rows;                                  /* rows of a plane that may be copied (depthwise) */
    ptrdiff_t slab_size, result_size, pack_size;          /* elements of scratch memory */
} Conv;

/* The gradient of the filters (dw) and biases (db), summed over images and positions:
 *
 *   dw(g, f, c, t) = sum over n, i, j of dout[n, g*F + f, i, j] * in[n, g*C + c, i*stride_h + row[t], j*stride_w + col[t]]
 *
 * The images are divided into `parts`, the same whatever the number of threads, each summed up for itself; _finish adds
 * the parts in order. */
typedef struct {
    Conv of; /* in, N, groups, C, H, W, F, rows, cols, stride, taps and blocking, as in the forward pass */
    const void *dout;
    void *dw, *db;       /* (groups*F, C*taps), (groups*F,) */
    void *sums;          /* parts * part_size elements, arbitrary on entry; not needed for one part */
    ptrdiff_t parts, part_size;
    ptrdiff_t dout_vectors;               /* of channels of dout in scratch memory at a time (wide) */
    ptrdiff_t dout_pitch, dout_size;      /* of the block of dout in scratch memory */
} ConvDw;

/* Fill in the blocking; lanes: elements in a vector register; widest: vectors of a panel of output channels. row, col, taps and the shapes are set before; offset has
 * room for all taps. Returns the bytes of scratch memory of a task, for elements of `size` bytes. */
size_t conv_plan_wide(Conv *p, int lanes, int widest, size_t size);
size_t conv_plan_pointwise(Conv *p, int lanes, int panel, size_t size);
size_t conv_plan_few(Conv *p, int lanes, size_t size);
size_t conv_plan_dw_wide(ConvDw *q, int lanes, int widest, size_t size);
size_t conv_plan_depthwise(Conv *p, int lanes, size_t size);
size_t conv_plan_dx_depthwise(Conv *p, int lanes, size_t size);
size_t conv_plan_dw_depthwise(ConvDw *q, int lanes, size_t size);
size_t conv_plan_dw_few(ConvDw *p, int lanes, size_t size);

/* The steps of a slab sorted by phase (slab_by_phase) for blocks of task_rows x task_cols positions, and its size, with `extra`
 * elements behind it that may be read. */
void slab_by_phase_steps(Conv *p, ptrdiff_t extra);

static inline ptrdiff_t conv_phases(const Conv *p) { return p->phase_rows * p->phase_cols; }
static inline int conv_phase_taps(const Conv *p, ptrdiff_t phase) { return (int)(p->start[phase + 1] - p->start[phase]); }

/* Whether dx has two phases along the row, which go out together, pixel by pixel in turn. */
static inline int conv_in_pairs(const Conv *p) { return p->phase_cols == 2 && p->out_step_w == 2; }

/* Blocks of positions of all groups: the tasks of conv_few and conv_pointwise; of conv_wide there are vector_tasks times as many. */
static inline ptrdiff_t conv_blocks(const Conv *p) { return p->image_tasks * p->groups * p->row_tasks * p->col_tasks; }

/* The number of elements of one block, if `total` are divided into blocks of nearly the same number, at most `most`. */
static inline ptrdiff_t even_block(ptrdiff_t total, ptrdiff_t most)
{
    most = LARGER(most, 1);
    return total ? CEIL_DIV(total, CEIL_DIV(total, most)) : 1;
}

/* Where block i begins, if `total` are divided into blocks of nearly the same number. */
static inline ptrdiff_t block_start(ptrdiff_t total, ptrdiff_t blocks, ptrdiff_t i)
{
    return i * (total / blocks) + SMALLER(i, total % blocks);
}

/* Output channels are computed in panels of 1 to 4 (3 with 16 registers) vectors; width of the one at vector v of n. */
static inline int panel_width(ptrdiff_t n, ptrdiff_t v, int widest)
{
    ptrdiff_t left = n - v;
    if (left <= widest) return (int)left;
    return left == widest + 1 ? (int)((left + 1) / 2) : widest;
}
#endif
