/* How Winograd's convolutions are cut into tasks: by the shapes alone, never by the number of threads.
 *
 * A block should have some dozens of tiles, so that transformed filters that were loaded are used often, and its transformed
 * pixels should stay in a core's L2 cache; and there should be tasks enough for some threads.
 */
#include "winograd.h"
#include <stdint.h>

enum {
    FEWEST_TILES = 24, /* of a block, about, where there are so many */
    MOST_TILES = 96,
    PIXEL_BYTES = 512 * 1024, /* of a block's transformed pixels, at most where that leaves FEWEST_TILES */
    SUMS_BYTES = 4 << 20,     /* of all parts of dw together, where one part is smaller */
    CHUNK = 64,               /* channels that are added up in one go: at most so many */
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

/* Returns whether the dilation is such that a block, which holds all phases, can be of a sensible size. */
static int describe_taps(Winograd *p)
{
    Conv *q = &p->of;
    p->dilation_h = q->row[3] - q->row[0];
    p->dilation_w = q->col[1] - q->col[0];
    q->first_row = q->row[0];
    q->first_col = q->col[0];
    return p->dilation_h <= MOST_DILATION && p->dilation_w <= MOST_DILATION;
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
    p->slab_rows = q->task_rows + 2 * p->dilation_h;
    p->slab_cols = q->task_cols + 2 * p->dilation_w;
}

/* Tiles of a block, at most. */
static ptrdiff_t tiles_of_block(const Winograd *p, int m)
{
    return p->of.task_images * (p->of.task_rows / m) * (p->of.task_cols / m);
}

static ptrdiff_t tiles_wanted(ptrdiff_t channels, int m, size_t size)
{
    ptrdiff_t most = PIXEL_BYTES / ((ptrdiff_t)size * (m + 2) * (m + 2) * channels);
    return LARGER(FEWEST_TILES, SMALLER(most, MOST_TILES));
}

size_t winograd_plan(Winograd *p, int m, int lanes, int widest, size_t size)
{
    Conv *q = &p->of;
    ptrdiff_t positions = (m + 2) * (m + 2), vectors = CEIL_DIV(q->F, lanes), padded = CEIL_DIV(q->C, lanes) * lanes;
    if (!describe_taps(p)) return SIZE_MAX;
    q->task_vectors = vectors;
    q->vector_tasks = 1;
    blocks_of_tiles(p, m, tiles_wanted(padded, m, size), 1);
    if (conv_blocks(q) < ENOUGH_TASKS && vectors > widest) { /* few tiles: divide the output channels, too */
        q->task_vectors = LARGER((ptrdiff_t)widest, even_block(vectors, vectors * conv_blocks(q) / ENOUGH_TASKS));
        q->vector_tasks = CEIL_DIV(vectors, q->task_vectors);
    }
    ptrdiff_t tiles = tiles_of_block(p, m);
    q->chunk = even_block(q->C, CHUNK);
    p->tile_step = odd_step(padded, size);
    p->position_step = odd_step(tiles * p->tile_step, size);
    p->pixels_size = positions * p->position_step;
    p->sums_step = odd_step(tiles * SMALLER(vectors, (ptrdiff_t)widest) * lanes, size);
    p->sums_size = positions * p->sums_step;
    p->slab_size = p->slab_rows * p->slab_cols * lanes;
    return (size_t)(p->pixels_size + p->sums_size + p->slab_size) * size +
           (size_t)(p->slab_rows * p->slab_cols) * sizeof(ptrdiff_t);
}

size_t winograd_plan_dw(WinogradDw *q, int m, int lanes, int widest, size_t size)
{
    Winograd *p = &q->of;
    Conv *conv = &p->of;
    ptrdiff_t positions = (m + 2) * (m + 2), vectors = CEIL_DIV(conv->F, lanes);
    if (!describe_taps(p)) return SIZE_MAX;
    q->task_channels = even_block(CEIL_DIV(conv->C, lanes), WINOGRAD_DW_CHANNELS / lanes) * lanes;
    q->channel_tasks = CEIL_DIV(conv->C, q->task_channels);
    conv->task_vectors = SMALLER(vectors, LARGER((ptrdiff_t)widest, WINOGRAD_DW_CHANNELS / lanes / widest * widest));
    conv->vector_tasks = CEIL_DIV(vectors, conv->task_vectors);
    blocks_of_tiles(p, m, tiles_wanted(q->task_channels, m, size), conv->groups * q->channel_tasks * conv->vector_tasks);
    ptrdiff_t tiles = tiles_of_block(p, m), blocks = conv->image_tasks * conv->row_tasks * conv->col_tasks;
    q->part_size = conv->groups * vectors * lanes * (positions * conv->C + 1);
    ptrdiff_t each = conv->groups * q->channel_tasks * conv->vector_tasks; /* tasks of one part */
    q->parts = SMALLER(SUMS_BYTES / (ptrdiff_t)size / q->part_size, CEIL_DIV(ENOUGH_TASKS, each));
    q->parts = LARGER(1, SMALLER(q->parts, SMALLER(blocks, (ptrdiff_t)MOST_PARTS)));
    p->tile_step = odd_step(q->task_channels, size);
    p->position_step = odd_step(tiles * p->tile_step, size);
    p->pixels_size = positions * p->position_step;
    q->dout_tile_step = odd_step(conv->task_vectors * lanes, size);
    q->dout_position_step = odd_step(tiles * q->dout_tile_step, size);
    q->dout_size = positions * q->dout_position_step;
    p->slab_size = p->slab_rows * p->slab_cols * lanes;
    p->sums_step = p->sums_size = 0;
    return (size_t)(p->pixels_size + q->dout_size + p->slab_size) * size +
           (size_t)(p->slab_rows * p->slab_cols) * sizeof(ptrdiff_t);
}
