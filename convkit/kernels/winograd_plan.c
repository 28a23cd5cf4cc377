/* How Winograd's convolutions are cut into tasks: by the shapes alone, never by the number of threads.
 *
 * A block should have some dozens of tiles, so that transformed filters that were loaded are used often, and its transformed
 * pixels should stay in a core's L2 cache; and there should be tasks enough for some threads.
 */
#include "winograd.h"
#include <stdint.h>

enum {
    FEWEST_TILES = 24, /* of a block, about, where there are so many */
    MOST_TILES = 144,
    PIXEL_BYTES = 512 * 1024, /* of a block's transformed pixels, at most where that leaves FEWEST_TILES */
    SUMS_BYTES = 4 << 20,     /* of all parts of dw together, where one part is smaller */
    MOST_DILATION = 256,
    ENOUGH_TASKS = 16,
    MOST_PARTS = 16
};

/* Steps between blocks of memory that are read together: an odd number of cache lines, or they would all fall into the same
 * few lines of the cache. */
static ptrdiff_t odd_step(ptrdiff_t elements, size_t size)
{
    ptrdiff_t line = 64 / (ptrdiff_t)size;
    return (CEIL_DIV(elements, line) | 1) * line;
}

/* One axis of a filter, for tiles of m outputs; returns whether there is room for its pieces. */
static int cut_side(WinogradSide *of, int elements, ptrdiff_t stride, int m)
{
    of->elements = elements;
    of->stride = of->phases = (int)SMALLER(stride, (ptrdiff_t)elements);
    of->pieces = of->reach = 0;
    for (int whole = 1; whole >= 0; whole--) {
        for (int phase = 0; phase < of->phases; phase++) {
            int here = CEIL_DIV(elements - phase, of->stride), pieces = LARGER(here / 2, 1);
            if (m > 2 && here > 3) return 0;
            for (int tile = 0; tile < pieces; tile++) {
                int length = tile < pieces - 1 ? 2 : here - 2 * tile;
                if ((length == 3) != whole) continue;
                if (of->pieces == WINOGRAD_PIECES) return 0;
                of->piece[of->pieces].first = phase + 2 * tile * of->stride;
                of->piece[of->pieces].elements = length;
                of->piece[of->pieces].phase = phase;
                of->piece[of->pieces++].tile = tile;
                of->reach = LARGER(of->reach, tile);
            }
        }
        if (whole) of->whole = of->pieces;
    }
    return 1;
}

/* Describes the filters and their dilation for tiles of m x m; returns whether they are of a kind that can be planned. */
static int describe_taps(Winograd *p, int m)
{
    Conv *q = &p->of;
    int width = 1, side = m + 2;
    while (width < q->taps && q->row[width] == q->row[0]) width++;
    int height = q->taps / width;
    p->dilation_h = height > 1 ? q->row[width] - q->row[0] : 1;
    p->dilation_w = width > 1 ? q->col[1] - q->col[0] : 1;
    q->first_row = q->row[0];
    q->first_col = q->col[0];
    q->row_span = q->row[q->taps - 1] - q->row[0];
    q->col_span = q->col[width - 1] - q->col[0];
    q->slab_size = 0;
    if (!cut_side(&p->height, height, q->stride_h, m) || !cut_side(&p->width, width, q->stride_w, m)) return 0;
    p->products = ((side - 1) * p->height.pieces + p->height.whole) * ((side - 1) * p->width.pieces + p->width.whole);
    if (q->out_step_h != 1 || q->out_step_w != 1) return 0; /* dx with a stride: only some of the taps, and of the pixels */
    int dilated = p->dilation_h > 1 || p->dilation_w > 1, strided = q->stride_h > 1 || q->stride_w > 1;
    return !(dilated && strided) && p->dilation_h <= MOST_DILATION && p->dilation_w <= MOST_DILATION;
}

/* The slab of a block; with a stride, its pixels are sorted by phase first. */
static void plan_slab(Winograd *p, int m, int lanes)
{
    Conv *q = &p->of;
    p->slab_rows = q->task_rows + (m * p->height.reach + 2) * p->dilation_h;
    p->slab_cols = q->task_cols + (m * p->width.reach + 2) * p->dilation_w;
    p->slab_size = p->slab_rows * p->slab_cols * lanes;
    if (p->winner) p->slab_size = LARGER(p->slab_size, (ptrdiff_t)2 * lanes * lanes);
    if (q->stride_h > 1 || q->stride_w > 1) {
        slab_by_phase_steps(q, lanes);
        q->slab_size = CEIL_DIV(q->slab_size, lanes) * lanes;
    }
}

/* Blocks of about `tiles` tiles of m x m; several images where they are small. */
static void blocks_of_tiles(Winograd *p, int m, ptrdiff_t tiles, ptrdiff_t tasks_each)
{
    Conv *q = &p->of;
    /* Rows and columns are divided at whole tiles of all phases. */
    ptrdiff_t height = m * p->dilation_h, width = m * p->dilation_w, phases = p->dilation_h * p->dilation_w;
    ptrdiff_t rows = CEIL_DIV(q->rows, height), cols = CEIL_DIV(q->cols, width), most = LARGER(tiles / phases, 1);
    ptrdiff_t block_cols = even_block(cols, most), block_rows = even_block(rows, most / block_cols);
    q->task_images = 1;
    if (block_rows == rows && block_cols == cols) q->task_images = even_block(q->N, most / (rows * cols));
    for (;;) {
        q->task_rows = block_rows * height;
        q->task_cols = block_cols * width;
        q->image_tasks = CEIL_DIV(q->N, q->task_images);
        q->row_tasks = CEIL_DIV(rows, block_rows);
        q->col_tasks = CEIL_DIV(cols, block_cols);
        if (conv_blocks(q) * tasks_each >= ENOUGH_TASKS || q->task_images * block_rows * block_cols * phases < 2 * FEWEST_TILES) break;
        if (q->task_images > 1)
            q->task_images = CEIL_DIV(q->task_images, 2);
        else if (block_rows > 1)
            block_rows = CEIL_DIV(block_rows, 2);
        else if (block_cols > 1)
            block_cols = CEIL_DIV(block_cols, 2);
        else
            break;
    }
}

/* Tiles of a block, at most. */
static ptrdiff_t tiles_of_block(const Winograd *p, int m)
{
    return p->of.task_images * (p->of.task_rows / m) * (p->of.task_cols / m);
}

/* Tiles of pixels that it sees, at most. */
static ptrdiff_t tiles_seen(const Winograd *p, int m)
{
    const Conv *q = &p->of;
    return q->task_images * (q->task_rows + m * p->height.reach * p->dilation_h) / m * (q->task_cols + m * p->width.reach * p->dilation_w) / m;
}

static ptrdiff_t tiles_wanted(ptrdiff_t channels, int m, size_t size)
{
    ptrdiff_t most = PIXEL_BYTES / ((ptrdiff_t)size * (m + 2) * (m + 2) * channels);
    return LARGER(FEWEST_TILES, SMALLER(most, MOST_TILES));
}

/* The transformed pixels of so many channels, each phase of a stride counted as one. */
static void plan_pixels(Winograd *p, int m, ptrdiff_t channels, int lanes, size_t size)
{
    const Conv *q = &p->of;
    int plain = q->stride_h == 1 && q->stride_w == 1 && p->dilation_h == 1 && p->dilation_w == 1;
    p->by_tile = m == 2 && plain && channels * WINOGRAD_LANES_OF_CHANNEL <= lanes;
    if (p->by_tile) {
        p->tile_step = 1;
        p->channel_step = odd_step(tiles_seen(p, m) + lanes, size);
        p->position_step = odd_step(channels * p->channel_step, size);
    } else {
        p->tile_step = odd_step(CEIL_DIV(channels, lanes) * lanes, size);
        p->channel_step = 1;
        p->position_step = odd_step(tiles_seen(p, m) * p->tile_step, size);
    }
    p->pixels_size = (m + 2) * (m + 2) * p->position_step;
}

size_t winograd_plan(Winograd *p, int m, int lanes, int widest, size_t size)
{
    Conv *q = &p->of;
    if (!describe_taps(p, m)) return SIZE_MAX;
    ptrdiff_t positions = (m + 2) * (m + 2), vectors = CEIL_DIV(q->F, lanes);
    ptrdiff_t channels = q->C * winograd_phases(p), padded = CEIL_DIV(channels, lanes) * lanes;
    q->task_vectors = vectors;
    q->vector_tasks = 1;
    blocks_of_tiles(p, m, tiles_wanted(padded, m, size), 1);
    if (conv_blocks(q) < ENOUGH_TASKS && vectors > widest) { /* few tiles: divide the output channels, too */
        q->task_vectors = LARGER((ptrdiff_t)widest, even_block(vectors, vectors * conv_blocks(q) / ENOUGH_TASKS));
        q->vector_tasks = CEIL_DIV(vectors, q->task_vectors);
    }
    ptrdiff_t tiles = tiles_of_block(p, m);
    plan_slab(p, m, lanes);
    q->chunk = even_block(q->C, WINOGRAD_CHUNK / (p->height.pieces * p->width.pieces));
    plan_pixels(p, m, channels, lanes, size);
    p->sums_step = odd_step(tiles * SMALLER(vectors, (ptrdiff_t)widest) * lanes, size);
    p->sums_size = positions * p->sums_step;
    return (size_t)(p->pixels_size + p->sums_size + p->slab_size + q->slab_size) * size +
           (size_t)(p->slab_rows * p->slab_cols) * sizeof(ptrdiff_t);
}

size_t winograd_plan_dw(WinogradDw *q, int m, int lanes, int widest, size_t size)
{
    Winograd *p = &q->of;
    Conv *conv = &p->of;
    ptrdiff_t positions = (m + 2) * (m + 2), vectors = CEIL_DIV(conv->F, lanes);
    if (!describe_taps(p, m)) return SIZE_MAX;
    ptrdiff_t most = WINOGRAD_DW_CHANNELS * positions / p->products / winograd_phases(p);
    q->task_channels = even_block(CEIL_DIV(conv->C, lanes), most / lanes) * lanes;
    q->channel_tasks = CEIL_DIV(conv->C, q->task_channels);
    conv->task_vectors = SMALLER(vectors, LARGER((ptrdiff_t)widest, WINOGRAD_DW_CHANNELS / lanes / widest * widest));
    conv->vector_tasks = CEIL_DIV(vectors, conv->task_vectors);
    ptrdiff_t channels = SMALLER(q->task_channels, conv->C) * winograd_phases(p), padded = CEIL_DIV(channels, lanes) * lanes;
    blocks_of_tiles(p, m, tiles_wanted(padded, m, size), conv->groups * q->channel_tasks * conv->vector_tasks);
    ptrdiff_t tiles = tiles_of_block(p, m), blocks = conv->image_tasks * conv->row_tasks * conv->col_tasks;
    plan_slab(p, m, lanes);
    q->part_size = conv->groups * vectors * lanes * (p->products * conv->C + 1);
    ptrdiff_t each = conv->groups * q->channel_tasks * conv->vector_tasks; /* tasks of one part */
    q->parts = SMALLER(SUMS_BYTES / (ptrdiff_t)size / q->part_size, CEIL_DIV(ENOUGH_TASKS, each));
    q->parts = LARGER(1, SMALLER(q->parts, SMALLER(blocks, (ptrdiff_t)MOST_PARTS)));
    plan_pixels(p, m, channels, lanes, size);
    q->dout_tile_step = odd_step(conv->task_vectors * lanes, size);
    q->dout_position_step = odd_step(tiles * q->dout_tile_step, size);
    q->dout_size = positions * q->dout_position_step;
    p->sums_step = p->sums_size = 0;
    return (size_t)(p->pixels_size + q->dout_size + p->slab_size + conv->slab_size) * size +
           (size_t)(p->slab_rows * p->slab_cols) * sizeof(ptrdiff_t);
}
