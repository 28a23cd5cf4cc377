/* The slab: the part of the image that a task's positions see, all channels of its group, padded with zeros. */
#ifndef CONVKIT_CONV_SLAB_H
#define CONVKIT_CONV_SLAB_H
#include "conv.h"

/* The output positions of a task. */
typedef struct {
    ptrdiff_t image, images, group, row, col, rows, cols;
} SlabPlace;

static inline SlabPlace slab_place(const Conv *p, ptrdiff_t task)
{
    SlabPlace at;
    ptrdiff_t col = task % p->col_tasks;
    task /= p->col_tasks;
    ptrdiff_t row = task % p->row_tasks;
    task /= p->row_tasks;
    at.group = task % p->groups;
    at.image = task / p->groups * p->task_images;
    at.images = SMALLER(p->task_images, p->N - at.image);
    at.row = row * p->task_rows;
    at.col = col * p->task_cols;
    at.rows = SMALLER(p->task_rows, p->rows - at.row);
    at.cols = SMALLER(p->task_cols, p->cols - at.col);
    return at;
}

/* Those of one phase: of the phases behind the first, some pixels may lie outside the image. */
static inline SlabPlace slab_of_phase(const Conv *p, SlabPlace at, ptrdiff_t phase)
{
    ptrdiff_t a = phase / p->phase_cols, b = phase % p->phase_cols;
    at.rows = SMALLER(at.rows, CEIL_DIV(p->out_h - p->out_row - a, p->out_step_h) - at.row);
    at.cols = SMALLER(at.cols, CEIL_DIV(p->out_w - p->out_col - b, p->out_step_w) - at.col);
    return at;
}
#endif

/* to[0], to[1], ... = from[0], from[step], ...: n of them; nothing behind the last is read. */
INLINE void NAME(gather)(REAL *restrict to, const REAL *restrict from, ptrdiff_t n, ptrdiff_t step)
{
    ptrdiff_t j = 0;
    if (step == 1) {
        NAME(copy)(to, from, n);
        return;
    }
    if (step == 2)
        for (; j + LANES < n; j += LANES)
            NAME(store)(to + j, EVEN(NAME(load)(from + 2 * j), NAME(load)(from + 2 * j + LANES)));
    for (; j < n; j++) to[j] = from[j * step];
}

/* The line of positions of a convolution with filters of one pixel: slab[channel][pitch] = those from `first` on. */
static void NAME(slab_line)(const Conv *p, const REAL *image, ptrdiff_t first, ptrdiff_t count, REAL *slab)
{
    ptrdiff_t cols = p->line_cols ? p->line_cols : p->cols, step = p->line_cols ? p->line_col_step : 1;
    for (ptrdiff_t c = 0; c < p->C; c++, image += p->H * p->W, slab += p->pitch) {
        const REAL *row = image + first / cols * p->line_row_step;
        ptrdiff_t col = first % cols, here;
        for (ptrdiff_t done = 0; done < count; done += here, row += p->line_row_step, col = 0) {
            here = SMALLER(cols - col, count - done);
            NAME(gather)(slab + done, row + col * step, here, step);
        }
    }
}

/* Fills the slab [image][channel][row][pitch] and returns where the least tap of the task's first position stands in it;
 * where nothing is padded, that place in the image itself. */
static const REAL *NAME(slab)(const Conv *p, const SlabPlace *at, REAL *slab)
{
    ptrdiff_t top = at->row * p->stride_h + p->first_row, left = at->col * p->stride_w + p->first_col;
    ptrdiff_t rows = (at->rows - 1) * p->stride_h + p->row_span + 1, cols = (at->cols - 1) * p->stride_w + p->col_span + 1;
    ptrdiff_t before = SMALLER(LARGER(-left, 0), cols), inside = LARGER(SMALLER(p->W - left, cols) - before, 0);
    for (ptrdiff_t n = 0; n < at->images; n++) {
        const REAL *image = (const REAL *)p->in + ((at->image + n) * p->groups + at->group) * p->C * p->H * p->W;
        if (p->direct) return image + top * p->W + left;
        if (p->line_cols) {
            NAME(slab_line)(p, image, at->col, at->cols, slab + n * p->image_step);
            continue;
        }
        for (ptrdiff_t c = 0; c < p->C; c++, image += p->H * p->W)
            for (ptrdiff_t i = 0; i < rows; i++) {
                REAL *to = slab + n * p->image_step + c * p->channel_step + i * p->pitch;
                ptrdiff_t y = top + i;
                if (y < 0 || y >= p->H || !inside) {
                    NAME(zero)(to, cols);
                    continue;
                }
                NAME(zero)(to, before);
                NAME(copy)(to + before, image + y * p->W + left + before, inside);
                NAME(zero)(to + before + inside, cols - before - inside);
            }
    }
    return slab;
}

/* The same for channels c .. c+channels-1, with rows and columns sorted by their remainder modulo the strides: slab [channel][row % stride_h][col % stride_w]
 * [row / stride_h][col / stride_w], so that what one tap sees at neighbouring positions stands side by side. One image. */
static void NAME(slab_by_phase)(const Conv *p, const SlabPlace *at, ptrdiff_t c, ptrdiff_t channels, REAL *slab)
{
    ptrdiff_t top = at->row * p->stride_h + p->first_row, left = at->col * p->stride_w + p->first_col;
    ptrdiff_t rows = at->rows + p->row_span / p->stride_h, cols = at->cols + p->col_span / p->stride_w;
    const REAL *image = (const REAL *)p->in + ((at->image * p->groups + at->group) * p->C + c) * p->H * p->W;
    for (ptrdiff_t k = 0; k < channels; k++, image += p->H * p->W)
        for (ptrdiff_t a = 0; a < p->phases_h; a++)
            for (ptrdiff_t b = 0; b < p->phases_w; b++) {
                REAL *to = slab + k * p->channel_step + (a * p->phases_w + b) * p->phase_step;
                /* Columns first .. last-1 of this phase lie inside the image. */
                ptrdiff_t x = left + b, first = SMALLER(x < 0 ? CEIL_DIV(-x, p->stride_w) : 0, cols);
                ptrdiff_t last = LARGER(x < p->W ? SMALLER(CEIL_DIV(p->W - x, p->stride_w), cols) : 0, first);
                for (ptrdiff_t i = 0; i < rows; i++, to += p->pitch) {
                    ptrdiff_t y = top + a + i * p->stride_h;
                    if (y < 0 || y >= p->H) {
                        NAME(zero)(to, cols);
                        continue;
                    }
                    NAME(zero)(to, first);
                    NAME(gather)(to + first, image + y * p->W + x + first * p->stride_w, last - first, p->stride_w);
                    NAME(zero)(to + last, cols - last);
                }
            }
}
