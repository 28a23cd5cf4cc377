/* Undefines what winograd_transforms.h defines, before the next tile size. */
#undef TILE
#undef TILED__
#undef TILED_
#undef TILED
#undef SIDE
#undef POSITIONS
#undef OUTPUT_SCALE
