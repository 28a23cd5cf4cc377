/* How the direct convolutions are cut into tasks: by the shapes alone, never by the number of threads.
 *
 * A task should have some hundred positions, so that filters that were loaded are used often; its slab and its filters
 * should stay in a core's L2 cache; and there should be tasks enough for some threads.
 */
#include "conv.h"

enum {
    POSITIONS = 256,           /* of a task, about */
    SLAB_BYTES = 512 * 1024,   /* of a task's slab, at most where that can be had */
    DIRECT_BYTES = 4096,       /* of a channel that is read where it stands: larger ones would each need pages of their own */
    FILTER_BYTES = 32 * 1024,  /* of the chunk of filters that a tile reads */
    PIECE_BYTES = 16 * 1024,   /* of the pixels that a tile of a pointwise convolution reads: they should stay in L1 */
    POINTWISE_BYTES = 128 * 1024, /* of its slab */
    DEPTHWISE_POSITIONS = 32768, /* of a task of depthwise planes */
    FEW_BYTES = 400 * 1024,    /* of the slab of conv_few */
    SUMS_BYTES = 4 << 20,      /* of all parts of dw together, where one part is smaller */
    ENOUGH_TASKS = 16,
    MOST_PARTS = 16,
    TASK_WORK = 1 << 30        /* multiply-adds of a task, where they can be divided further */
};

static void span_of_taps(Conv *p)
{
    p->first_row = p->first_col = p->row_span = p->col_span = p->line_cols = p->line_row_step = 0;
    for (int t = 0; t < p->taps; t++) {
        p->first_row = t ? SMALLER(p->first_row, p->row[t]) : p->row[0];
        p->first_col = t ? SMALLER(p->first_col, p->col[t]) : p->col[0];
    }
    for (int t = 0; t < p->taps; t++) {
        p->row_span = LARGER(p->row_span, p->row[t] - p->first_row);
        p->col_span = LARGER(p->col_span, p->col[t] - p->first_col);
    }
}

static void count_tasks(Conv *p)
{
    p->image_tasks = CEIL_DIV(p->N, p->task_images);
    p->row_tasks = CEIL_DIV(p->rows, p->task_rows);
    p->col_tasks = CEIL_DIV(p->cols, p->task_cols);
}

/* Elements of the slab of one image. */
static ptrdiff_t slab_of_image(const Conv *p, ptrdiff_t rows, ptrdiff_t cols)
{
    return p->C * ((rows - 1) * p->stride_h + p->row_span + 1) * ((cols - 1) * p->stride_w + p->col_span + 1);
}

/* Blocks of about POSITIONS positions whose slab is small enough; several images where they are small. */
static void blocks_of_positions(Conv *p, ptrdiff_t vectors, ptrdiff_t widest, size_t size)
{
    ptrdiff_t most = SLAB_BYTES / (ptrdiff_t)size;
    p->task_images = 1;
    p->task_cols = even_block(p->cols, POSITIONS);
    p->task_rows = even_block(p->rows, POSITIONS / p->task_cols);
    if (p->task_rows == p->rows && p->task_cols == p->cols) p->task_images = LARGER(1, SMALLER(p->N, POSITIONS / (p->rows * p->cols)));
    if (!p->direct) {
        while (p->task_images > 1 && p->task_images * slab_of_image(p, p->task_rows, p->task_cols) > most) p->task_images--;
        while (p->task_rows > 1 && slab_of_image(p, p->task_rows, p->task_cols) > most)
            p->task_rows = even_block(p->rows, p->task_rows - 1);
        while (p->task_cols > 16 && slab_of_image(p, p->task_rows, p->task_cols) > most)
            p->task_cols = even_block(p->cols, p->task_cols / 2);
    }
    count_tasks(p);
    /* More tasks where they are few: first by output channels, each then copies the slab again, but reads other filters. */
    p->task_vectors = vectors;
    while (conv_blocks(p) * CEIL_DIV(vectors, p->task_vectors) < ENOUGH_TASKS && p->task_vectors > widest)
        p->task_vectors = CEIL_DIV(CEIL_DIV(p->task_vectors, 2), widest) * widest;
    p->vector_tasks = CEIL_DIV(vectors, p->task_vectors);
    while (conv_blocks(p) * p->vector_tasks < ENOUGH_TASKS && p->task_images > 1)
        p->task_images = CEIL_DIV(p->task_images, 2), count_tasks(p);
    while (conv_blocks(p) * p->vector_tasks < ENOUGH_TASKS && p->task_rows > 2)
        p->task_rows = CEIL_DIV(p->task_rows, 2), count_tasks(p);
    while (conv_blocks(p) * p->vector_tasks < ENOUGH_TASKS && p->task_cols > 32)
        p->task_cols = CEIL_DIV(p->task_cols, 2), count_tasks(p);
}

static void set_direct(Conv *p, size_t size)
{
    p->direct = p->taps == 0 ||
                (!p->line_cols && p->H * p->W <= DIRECT_BYTES / (ptrdiff_t)size && p->first_row >= 0 && p->first_col >= 0 &&
                 (p->rows - 1) * p->stride_h + p->first_row + p->row_span < p->H &&
                 (p->cols - 1) * p->stride_w + p->first_col + p->col_span < p->W);
}

/* Filters of one pixel whose positions all lie inside the image: it has no rows then, but one line of positions. */
static void flatten(Conv *p)
{
    if (p->taps != 1 || p->first_row || p->first_col || p->out_h != p->rows || p->out_w != p->cols) return;
    if ((p->rows - 1) * p->stride_h >= p->H || (p->cols - 1) * p->stride_w >= p->W) return;
    if (p->stride_w != 1 || (p->rows > 1 && p->stride_h * p->W != p->cols)) { /* they do not stand side by side */
        p->line_cols = p->cols;
        p->line_row_step = p->stride_h * p->W;
        p->line_col_step = p->stride_w;
    }
    p->W *= p->H;
    p->cols = p->out_w = p->rows * p->cols;
    p->rows = p->H = p->out_h = p->stride_h = p->stride_w = 1;
    p->out_step_h = p->out_step_w = 1; /* dx of one column or row writes every pixel, whatever the stride */
}

/* Behind the slab there is room for one vector (slab_row). */
static void slab_steps(Conv *p, int lanes)
{
    if (p->direct) {
        p->pitch = p->W;
        p->channel_step = p->H * p->W;
        p->image_step = p->groups * p->C * p->channel_step;
        p->slab_size = 0;
    } else {
        p->pitch = (p->task_cols - 1) * p->stride_w + p->col_span + 1;
        p->channel_step = ((p->task_rows - 1) * p->stride_h + p->row_span + 1) * p->pitch;
        /* Channels a multiple of 4 KB apart would all fall into the same few lines of the cache. */
        if (p->channel_step % 256 == 0) p->channel_step += 16;
        p->image_step = p->C * p->channel_step;
        p->slab_size = p->task_images * p->image_step + lanes;
    }
    for (int t = 0; t < p->taps; t++) p->offset[t] = (p->row[t] - p->first_row) * p->pitch + p->col[t] - p->first_col;
}

size_t conv_plan_wide(Conv *p, int lanes, int widest, size_t size)
{
    ptrdiff_t vectors = CEIL_DIV(p->F, lanes), width = SMALLER(vectors, (ptrdiff_t)widest);
    span_of_taps(p);
    flatten(p);
    set_direct(p, size);
    blocks_of_positions(p, vectors, widest, size);
    slab_steps(p, lanes);
    ptrdiff_t taps = 1; /* of the phase that has most */
    for (ptrdiff_t phase = 0; phase < conv_phases(p); phase++) taps = LARGER(taps, conv_phase_taps(p, phase));
    p->chunk = even_block(p->C, FILTER_BYTES / (taps * width * lanes * (ptrdiff_t)size));
    p->result_size = p->task_images * p->task_rows * p->task_cols * width * lanes;
    p->pack_size = p->chunk * taps * width * lanes;
    return (size_t)((conv_in_pairs(p) ? 2 : 1) * p->result_size + p->pack_size + p->slab_size) * size;
}

/* panel: vectors of positions of a tile. Positions are counted through all rows. */
size_t conv_plan_pointwise(Conv *p, int lanes, int panel, size_t size)
{
    span_of_taps(p);
    flatten(p);
    ptrdiff_t width = panel * (ptrdiff_t)lanes, panels = CEIL_DIV(p->cols, width), line = CACHE_LINE / (ptrdiff_t)size;
    ptrdiff_t most = POINTWISE_BYTES / (ptrdiff_t)size / p->C / width;
    ptrdiff_t enough = CEIL_DIV(panels, CEIL_DIV((ptrdiff_t)ENOUGH_TASKS, p->N * p->groups));
    p->task_images = p->task_rows = p->row_tasks = 1;
    p->task_cols = even_block(panels, SMALLER(most, enough)) * width;
    p->image_tasks = p->N;
    p->col_tasks = CEIL_DIV(panels * width, p->task_cols);
    p->chunk = even_block(p->C, PIECE_BYTES / (width * (ptrdiff_t)size));
    /* Channels an odd number of cache lines apart: they fall into all lines of the cache in turn. */
    p->pitch = (CEIL_DIV(p->task_cols, line) | 1) * line;
    p->slab_size = p->C * p->pitch;
    return (size_t)p->slab_size * size;
}

void slab_by_phase_steps(Conv *p, ptrdiff_t extra)
{
    p->pitch = p->task_cols + p->col_span / p->stride_w;
    p->phase_step = (p->task_rows + p->row_span / p->stride_h) * p->pitch;
    p->phases_h = SMALLER(p->stride_h, p->row_span + 1);
    p->phases_w = SMALLER(p->stride_w, p->col_span + 1);
    p->channel_step = p->phases_h * p->phases_w * p->phase_step;
    p->image_step = p->C * p->channel_step;
    p->slab_size = p->image_step + extra;
    for (int t = 0; t < p->taps; t++) {
        ptrdiff_t row = p->row[t] - p->first_row, col = p->col[t] - p->first_col;
        p->offset[t] = (row % p->stride_h * p->phases_w + col % p->stride_w) * p->phase_step + row / p->stride_h * p->pitch +
                       col / p->stride_w;
    }
}

static void blocks_of_rows(Conv *p, int lanes, size_t size)
{
    ptrdiff_t most = FEW_BYTES / (ptrdiff_t)size, extra = 8 * lanes;
    span_of_taps(p);
    p->direct = 0;
    p->task_images = 1;
    p->task_cols = even_block(p->cols, 1024);
    p->task_rows = even_block(p->rows, LARGER(2048 / p->task_cols, 1));
    for (slab_by_phase_steps(p, extra); p->task_rows > 1 && p->slab_size > most; slab_by_phase_steps(p, extra))
        p->task_rows = even_block(p->rows, p->task_rows - 1);
    for (; p->task_cols > 4 * lanes && p->slab_size > most; slab_by_phase_steps(p, extra))
        p->task_cols = even_block(p->cols, p->task_cols / 2);
    count_tasks(p);
    while (conv_blocks(p) < ENOUGH_TASKS && p->task_rows > 4) p->task_rows = CEIL_DIV(p->task_rows, 2), count_tasks(p);
    slab_by_phase_steps(p, extra);
}

size_t conv_plan_few(Conv *p, int lanes, size_t size)
{
    blocks_of_rows(p, lanes, size);
    p->result_size = p->task_rows * p->pitch + 8 * lanes;
    return (size_t)((conv_in_pairs(p) ? 16 : 8) * p->result_size + p->slab_size) * size;
}

static void parts_of_batch(ConvDw *q, size_t size)
{
    ptrdiff_t blocks = q->of.image_tasks * q->of.row_tasks * q->of.col_tasks;
    q->parts = SUMS_BYTES / (ptrdiff_t)size / LARGER(q->part_size, 1);
    q->parts = LARGER(1, SMALLER(SMALLER(q->parts, (ptrdiff_t)MOST_PARTS), blocks));
}

size_t conv_plan_dw_wide(ConvDw *q, int lanes, int widest, size_t size)
{
    Conv *p = &q->of;
    ptrdiff_t vectors = CEIL_DIV(p->F, lanes);
    span_of_taps(p);
    flatten(p);
    set_direct(p, size);
    blocks_of_positions(p, vectors, widest, size);
    slab_steps(p, lanes);
    q->part_size = p->groups * vectors * lanes * (p->C * p->taps + 1);
    parts_of_batch(q, size);
    q->dout_vectors = SMALLER(vectors, 2 * (ptrdiff_t)widest);
    if (p->groups * q->parts * CEIL_DIV(vectors, q->dout_vectors) < ENOUGH_TASKS) q->dout_vectors = SMALLER(vectors, (ptrdiff_t)widest);
    /* As many of them for a task as leave tasks enough, for it copies the image once; but between tasks Ctrl-C is looked for. */
    ptrdiff_t times = q->parts == 1 ? 1 : p->groups * q->parts * CEIL_DIV(vectors, q->dout_vectors) / ENOUGH_TASKS;
    double work = (double)p->N * p->rows * p->cols * p->C * p->taps * q->dout_vectors * lanes / q->parts;
    while (times > 1 && work * times > TASK_WORK) times--;
    p->task_vectors = LARGER(times, 1) * q->dout_vectors;
    p->vector_tasks = CEIL_DIV(vectors, p->task_vectors);
    q->dout_pitch = q->dout_vectors * lanes;
    q->dout_size = p->task_images * p->task_rows * p->task_cols * q->dout_pitch;
    p->result_size = q->parts == 1 ? p->task_vectors * lanes * (p->C * p->taps + 1) : 0;
    return (size_t)(q->dout_size + p->result_size + p->slab_size) * size;
}

size_t conv_plan_dw_few(ConvDw *q, int lanes, size_t size)
{
    Conv *p = &q->of;
    blocks_of_rows(p, lanes, size);
    q->part_size = p->groups * p->F * (p->C * p->taps + 1) * lanes;
    parts_of_batch(q, size);
    q->dout_pitch = CEIL_DIV(p->task_cols, lanes) * lanes;
    q->dout_size = p->F * p->task_rows * q->dout_pitch;
    return (size_t)(q->dout_size + p->slab_size) * size;
}

/* Planes (images x channels) of a task. */
static ptrdiff_t planes_of_task(const Conv *p, ptrdiff_t area)
{
    ptrdiff_t planes = p->N * p->groups, most = DEPTHWISE_POSITIONS / LARGER(area, 1);
    return even_block(planes, SMALLER(most, CEIL_DIV(planes, (ptrdiff_t)ENOUGH_TASKS)));
}

/* task_images is the number of planes of a task. */
size_t conv_plan_depthwise(Conv *p, int lanes, size_t size)
{
    span_of_taps(p);
    ptrdiff_t blocks = CEIL_DIV(p->cols, lanes), rows = (p->rows - 1) * p->stride_h + p->row_span + 1;
    ptrdiff_t reach = (blocks * lanes - 1) * p->stride_w + p->col_span + 1 + p->stride_w, vector = lanes * (ptrdiff_t)size;
    /* At either end of the array, vectors may reach over several short rows. */
    p->edge_rows = SMALLER(rows, 2 * (CEIL_DIV(reach + LARGER(p->first_col, -p->first_col), LARGER(p->W, 1)) + 1));
    p->task_images = planes_of_task(p, p->rows * p->cols);
    return (size_t)(blocks * p->taps * vector + CEIL_DIV(rows * (ptrdiff_t)sizeof(void *), vector) * vector) +
           (size_t)((p->edge_rows + 1) * (reach + lanes) + p->taps + lanes) * size;
}

/* task_images is the number of planes of a task, task_rows that of the blocks of rows that stand in scratch memory at a time. */
size_t conv_plan_dx_depthwise(Conv *p, int lanes, size_t size)
{
    span_of_taps(p);
    p->direct = 0;
    p->task_images = planes_of_task(p, p->out_h * p->out_w);
    p->task_cols = CEIL_DIV(p->cols, lanes) * lanes;
    p->pitch = p->task_cols + p->col_span;
    p->task_rows = even_block(p->rows, DEPTHWISE_POSITIONS / 4 / p->pitch);
    p->channel_step = p->image_step = (p->task_rows + p->row_span) * p->pitch;
    p->slab_size = p->image_step + lanes;
    for (int t = 0; t < p->taps; t++) p->offset[t] = (p->row[t] - p->first_row) * p->pitch + p->col[t] - p->first_col;
    return (size_t)(p->slab_size + p->taps) * size;
}

/* task_images is the number of channels of a task. */
size_t conv_plan_dw_depthwise(ConvDw *q, int lanes, size_t size)
{
    Conv *p = &q->of;
    size_t scratch = conv_plan_depthwise(p, lanes, size);
    q->part_size = p->groups * (p->taps + 1) * lanes;
    q->parts = LARGER(1, SMALLER(SMALLER(p->N, (ptrdiff_t)MOST_PARTS), SUMS_BYTES / (ptrdiff_t)size / q->part_size));
    p->task_images = even_block(p->groups, 8);
    return scratch;
}
