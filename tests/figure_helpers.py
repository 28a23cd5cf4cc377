"""What the tests of pictures share."""


def assert_nothing_is_cut_off(figure):
    figure.draw_without_rendering()
    box = figure.get_tightbbox()  # of everything that is drawn, in inches
    width, height = figure.get_size_inches()
    assert box.x0 >= -0.02
    assert box.y0 >= -0.02
    assert box.x1 <= width + 0.02
    assert box.y1 <= height + 0.02
