# %% [markdown]
# # 07 Update rules
#
# About 45 minutes. At its end you have written momentum, RMSProp and Adam, trained the same network with each, and you know how to find a
# learning rate and what a schedule is for.
#
# You need notebook 06 (the network and the Solver). The formulas here are short: nothing in this notebook has a backward pass.

# %%
# %load_ext autoreload
# %autoreload 2
import numpy as np

from convkit import Solver, schedules
from convkit.classifiers.cnn import ThreeLayerConvNet
from convkit.course import check
from convkit.course.figures import (
    plot_descent,
    plot_running_averages,
    plot_schedules,
)
from convkit.course.widgets import play
from convkit.data_utils import load_fashion_mnist_mini
from convkit.gradient_check import check_update_rule
from convkit.vis_utils import plot_runs

# %% [markdown]
# ## 1. Downhill, step by step
#
# The backward pass says, for each weight, in which direction the loss grows. So take a step in the other direction. That is *gradient descent*:
#
# $$w \leftarrow w - \text{rate} \cdot dw$$
#
# $dw$ is the gradient, an array of the shape of $w$, and *rate* the learning rate. When the gradient comes from a minibatch and not from all images,
# it is a little different each time. Hence the name *stochastic* gradient descent, SGD.
#
# In the picture the network has two weights. The grey lines are heights of the loss: a long valley, twenty times as steep across as along.
# The orange dot is where training begins, the star is the bottom, and each blue dot is a step.
#
# **Before you choose another rate in the menu:** with a small rate, what happens along the valley? With a large one, what happens across? There is a rate at which SGD flies out of the valley. Between
# which two of the choices is it?

# %%
play(plot_descent, rule=["sgd"], learning_rate=[0.02, 0.05, 0.09, 0.11])

# %% [markdown]
# <details><summary>Answer</summary>
#
# Between 0.09 and 0.11. Across the valley the loss is 10 y², its gradient 20 y, and a step makes (1 - 20 · rate) y of y. At a rate of 0.1 that is -y: the
# dot jumps from one side to the other, as high as before. Beyond that it climbs.
#
# </details>
#
# So the *steepest* direction limits the rate, and the *flattest* then has to make do with it. In a real network some directions
# are not twenty but thousands of times steeper than others. The three rules of this notebook are three answers to that.
#
# In code a rule is a function `rule(w, dw, config) -> (next_w, config)`. The dict `config` holds its settings, and what it wants to remember
# until the next step. Each parameter of the network has a dict of its own. Here is SGD, for you to read; it remembers nothing.


# %%
def sgd(w, dw, config=None):
    config = {} if config is None else config
    rate = config.setdefault("learning_rate", 1e-2)  # 0.01 where config has none
    return w - rate * dw, config


w, config = sgd(np.array([1.0, -2.0]), np.array([5.0, 10.0]), {"learning_rate": 0.1})
print(w)  # 1 - 0.1 * 5, -2 - 0.1 * 10

# %% [markdown]
# ## 2. Momentum: a ball, not a walker
#
# A walker forgets each step. A ball that rolls downhill has a *velocity*. Where the gradient points the same way again and again, along
# the valley, the ball becomes faster. Where it points to and fro, across, the pushes cancel.
#
# $$\text{velocity} \leftarrow \text{momentum} \cdot \text{velocity} - \text{rate} \cdot dw$$
#
# $$w \leftarrow w + \text{velocity}$$
#
# All of them are arrays of the shape of w, except the two settings, which are numbers. Momentum is mostly 0.9: each step keeps 90 % of the velocity.
#
# **By hand first.** Let w = 1, rate = 0.1, momentum = 0.9, and let the gradient be 1 in every step. The velocity starts at 0.
#
# | step | velocity | w |
# |---|---|---|
# | 1 | 0.9 · 0 - 0.1 · 1 = -0.1 | 0.9 |
# | 2 | 0.9 · (-0.1) - 0.1 = -0.19 | 0.71 |
# | 3 | 0.9 · (-0.19) - 0.1 = -0.271 | 0.439 |
#
# SGD would be at 0.7 after three steps. If the gradient stays 1 for ever, how fast does the ball become?
#
# <details><summary>Answer</summary>
#
# The velocity no longer changes when v = 0.9 v - 0.1, that is at v = -1: ten times the step of SGD. In general 1 / (1 - momentum) times.
#
# </details>
#
# ### Exercise 1: `sgd_momentum`
#
# The settings are read for you, and the velocity of the last step (zeros at first). Compute the new velocity and the new w.
#
# **What to expect.** 0.9, 0.71, 0.439, as in the table.


# %%
def sgd_momentum(w, dw, config=None):
    """Gradient descent with momentum.

    - w, dw: a parameter and its gradient, arrays of the same shape
    - config: dict with 'learning_rate', 'momentum', and 'velocity' from the step before; or None

    Returns (next_w, config).
    """
    config = {} if config is None else config
    rate = config.setdefault("learning_rate", 1e-2)
    momentum = config.setdefault("momentum", 0.9)
    velocity = config.get("velocity", np.zeros_like(w))
    # BEGIN SOLUTION
    velocity = momentum * velocity - rate * dw
    next_w = w + velocity
    # END SOLUTION
    config["velocity"] = velocity
    return next_w, config


w, config = np.array([1.0]), {"learning_rate": 0.1}
for _ in range(3):
    w, config = sgd_momentum(w, np.array([1.0]), config)
    print(w)

# %% [markdown]
# The check runs your rule beside convkit's for several steps, with large, small and zero gradients. If a step differs, it says which one,
# and names the mistake if it knows it.

# %%
check(check_update_rule(sgd_momentum))

# %% [markdown]
# In the valley it looks like this. Compare with SGD at the same rate of 0.02: after 30 steps SGD was at a loss of about 12.


# %%
def momentum_in_the_valley(learning_rate=0.02):
    return plot_descent(sgd_momentum, learning_rate)


play(momentum_in_the_valley, learning_rate=[0.02, 0.005, 0.05, 0.09])

# %% [markdown]
# <details><summary>Question: the ball runs past the star and comes back. Is that bad?</summary>
#
# It costs some steps here. A smaller momentum brakes more. In a network, where the bottom is flat and wide, the speed on the long way there
# is worth more. (There is a variant that brakes earlier, because it takes the gradient where the ball is *about* to be: Nesterov's momentum,
# `"nesterov_momentum"` in convkit.)
#
# </details>

# %% [markdown]
# ## 3. RMSProp: every weight has a rate of its own
#
# The second idea: if the gradients of a weight are always large, take smaller steps with it; if they are always small, larger ones.
# How large they are "always" is a running average of their squares. Every step mixes a little of the new square into it:
#
# $$\text{cache} \leftarrow \text{decay} \cdot \text{cache} + (1 - \text{decay}) \cdot dw^2$$
#
# $$w \leftarrow w - \frac{\text{rate} \cdot dw}{\sqrt{\text{cache}} + \varepsilon}$$
#
# The square is that of each element. ε = 1e-8 only keeps us from dividing by zero; mind that it is added to the *root*. The root of a mean of squares: that is
# the RMS in the name.
#
# **By hand first.** rate = 0.1, decay = 0.9, w = 1. Two weights, one with the gradient 3, the other with 0.003:
#
# | dw | cache | √cache | step = 0.1 · dw / √cache |
# |---|---|---|---|
# | 3 | 0.1 · 9 = 0.9 | 0.9487 | 0.3162 |
# | 0.003 | 0.1 · 0.000009 = 9e-7 | 0.0009487 | 0.3162 |
#
# A thousand times smaller gradient, the same step! Only the *sign* of the gradient, and whether it stays the same, matters. So the valley is as good as round.
#
# ### Exercise 2: `rmsprop`
#
# The settings and the cache of the last step (zeros at first) are read for you. Compute the new cache, and with that the new w. `np.sqrt` takes the root of each element.
#
# **What to expect.** 0.6838 for both weights.


# %%
def rmsprop(w, dw, config=None):
    """RMSProp: steps divided by the running root mean square of the gradients.

    - w, dw: a parameter and its gradient, arrays of the same shape
    - config: dict with 'learning_rate', 'decay_rate', 'epsilon', and 'cache' from the step
      before; or None

    Returns (next_w, config).
    """
    config = {} if config is None else config
    rate = config.setdefault("learning_rate", 1e-2)
    decay = config.setdefault("decay_rate", 0.99)
    epsilon = config.setdefault("epsilon", 1e-8)
    cache = config.get("cache", np.zeros_like(w))
    # BEGIN SOLUTION
    cache = decay * cache + (1 - decay) * dw**2
    next_w = w - rate * dw / (np.sqrt(cache) + epsilon)
    # END SOLUTION
    config["cache"] = cache
    return next_w, config


settings = {"learning_rate": 0.1, "decay_rate": 0.9}
w, config = rmsprop(np.array([1.0, 1.0]), np.array([3.0, 0.003]), settings)
print(w)

# %%
check(check_update_rule(rmsprop))

# %% [markdown]
# <details><summary>Question: with decay = 0.99 the very first step is ten times the learning rate, whatever the gradient. Why?</summary>
#
# The cache begins at zero and receives only 1 % of dw². Its root is a tenth of |dw|, so dw divided by it is 10 (or -10). The average
# has not had the time to become one. Adam mends that.
#
# </details>

# %% [markdown]
# ## 4. Adam: both
#
# Adam keeps a running average of the gradients (a ball) *and* one of their squares (a rate for each weight):
#
# $$m \leftarrow \beta_1 m + (1 - \beta_1)\, dw \qquad v \leftarrow \beta_2 v + (1 - \beta_2)\, dw^2$$
#
# Both begin at zero, so both are too small at first. By how much is known exactly: after t steps the weights in such an average add up to
# $1 - \beta^t$ and not to 1. So divide by that:
#
# $$\hat m = \frac{m}{1 - \beta_1^t} \qquad \hat v = \frac{v}{1 - \beta_2^t} \qquad w \leftarrow w - \frac{\text{rate} \cdot \hat m}{\sqrt{\hat v} + \varepsilon}$$
#
# m, v, $\hat m$ and $\hat v$ have the shape of w. t counts the steps, 1 in the first. $\hat m$ and $\hat v$ are used for this step only; what is remembered is m and v.
#
# The picture shows one weight for 60 steps. Its gradients, the dots, are about 1. Without the correction m needs some twenty steps to get there, and v, with its longer memory, some thousands.

# %%
noisy = 1 + 0.3 * np.random.default_rng(0).standard_normal(60)
plot_running_averages(noisy)

# %% [markdown]
# **By hand first.** rate 0.1, β₁ = 0.9, β₂ = 0.999, w = 1. First the gradient is 3, then -1.
#
# | t | m | v | m̂ | v̂ | step | w |
# |---|---|---|---|---|---|---|
# | 1 | 0.1 · 3 = 0.3 | 0.001 · 9 = 0.009 | 0.3 / 0.1 = 3 | 0.009 / 0.001 = 9 | 0.1 · 3 / 3 = 0.1 | 0.9 |
# | 2 | 0.9 · 0.3 - 0.1 = 0.17 | 0.999 · 0.009 + 0.001 = 0.009991 | 0.17 / 0.19 = 0.8947 | 0.009991 / 0.001999 = 4.998 | 0.1 · 0.8947 / 2.2356 = 0.0400 | 0.8600 |
#
# The first step is exactly the learning rate: that is what makes Adam's rate easy to choose. In the second step the gradient turned around; m̂ did not (the ball rolls on), but
# the step became shorter.
#
# ### Exercise 3: `adam`
#
# `t` is counted for you, and `beta1`, `beta2` and `epsilon` are there. Compute the new m and v, the corrected ones (under names of your own), and next_w.
#
# **What to expect.** 0.9, then 0.85998.


# %%
def adam(w, dw, config=None):
    """Adam: averages of the gradients and of their squares, corrected for having begun at zero.

    - w, dw: a parameter and its gradient, arrays of the same shape
    - config: dict with 'learning_rate', 'beta1', 'beta2', 'epsilon', and 'm', 'v', 't' from the
      step before; or None

    Returns (next_w, config).
    """
    config = {} if config is None else config
    rate = config.setdefault("learning_rate", 1e-3)
    beta1, beta2 = config.setdefault("beta1", 0.9), config.setdefault("beta2", 0.999)
    epsilon = config.setdefault("epsilon", 1e-8)
    m, v = config.get("m", np.zeros_like(w)), config.get("v", np.zeros_like(w))
    t = config.get("t", 0) + 1
    # BEGIN SOLUTION
    m = beta1 * m + (1 - beta1) * dw
    v = beta2 * v + (1 - beta2) * dw**2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    next_w = w - rate * m_hat / (np.sqrt(v_hat) + epsilon)
    # END SOLUTION
    config["m"], config["v"], config["t"] = m, v, t
    return next_w, config


w, config = np.array([1.0]), {"learning_rate": 0.1}
for gradient in (3.0, -1.0):
    w, config = adam(w, np.array([gradient]), config)
    print(w)

# %%
check(check_update_rule(adam))

# %% [markdown]
# <details><summary>Question: someone remembers m̂ and v̂ instead of m and v. The first step is right. What goes wrong then?</summary>
#
# The correction is applied again to what was corrected already. In the second step m is computed from 3 instead of 0.3, and divided by 0.19. The steps become far too
# large. The check says from which step on the results differ: from the second.
#
# </details>
#
# Now all of them in the valley: these are your rules.
#
# **What to expect.** Adam leaves the start diagonally: its steps along the valley are as long as those across, though the gradient across is several times larger. RMSProp's first step is ten times the rate (you know
# why). SGD flies out at a rate of 0.3. Find the best rate for each.

# %%
RULES = {"sgd": sgd, "sgd_momentum": sgd_momentum, "rmsprop": rmsprop, "adam": adam}


def in_the_valley(rule="adam", learning_rate=0.3):
    return plot_descent(RULES[rule], learning_rate)


play(
    in_the_valley,
    rule=["adam", "rmsprop", "sgd_momentum", "sgd"],
    learning_rate=[0.3, 0.02, 0.05, 0.1, 1.0],
)

# %% [markdown]
# ## 5. The same network with each of them
#
# Now the three-layer network, on 4,500 images of clothes. The Solver takes the name of a rule of convkit, or a function: give it yours. Each run takes a second or two.
#
# **What to expect.** The loss begins at ln 10 = 2.30 for all, for they begin with the same weights. SGD with a rate of 0.01 hardly moves: the weights are small at first, so the
# gradients are tiny, and so are its steps. Momentum gets away from there, as its steps grow up to tenfold. RMSProp and Adam are off at once, because they do not care how small the gradients are.

# %%
data = load_fashion_mnist_mini()


def train(rule, rate, epochs=4, **settings):
    np.random.seed(1)  # the same first weights and the same minibatches for all
    sizes = {"num_filters": 8, "filter_size": 5, "hidden_dim": 50}
    model = ThreeLayerConvNet((1, 28, 28), weight_scale=3e-2, **sizes)
    solver = Solver(
        model,
        data,
        update_rule=rule,
        optim_config={"learning_rate": rate},
        num_epochs=epochs,
        batch_size=50,
        num_train_samples=500,
        verbose=False,
        progress=True,
        **settings,
    )
    solver.train()
    return solver


runs = {
    "SGD, 0.01": train(sgd, 1e-2),
    "momentum, 0.01": train(sgd_momentum, 1e-2),
    "RMSProp, 0.001": train(rmsprop, 1e-3),
    "Adam, 0.001": train(adam, 1e-3),
}
plot_runs(runs)

# %% [markdown]
# ## 6. The learning rate
#
# Was that fair to SGD? No: 0.01 is not its rate. The learning rate is the most important setting of all, and each rule wants another one.
# Look for it in factors of ten, then of three. Short runs are enough, for the losses differ from the beginning.
#
# **What to expect.** A rate that is too small: the loss falls slowly, in a straight line. One that is right: it falls steeply, then more
# and more slowly. One that is too large: it falls fast and stops too high, or it does not fall at all. Four runs, about 5 seconds.

# %%
plot_runs(
    {
        f"Adam, {rate:g}": train(adam, rate, epochs=3)
        for rate in (1e-5, 1e-3, 1e-2, 1e-1)
    }
)

# %% [markdown]
# And SGD, with other rates.
#
# **What to expect.** 0.001, which is right for Adam, does nothing at all here. SGD wants a rate several hundred times as large.

# %%
plot_runs({f"SGD, {rate:g}": train(sgd, rate, epochs=3) for rate in (1e-3, 1e-1, 5e-1)})

# %% [markdown]
# With 0.5, fifty times the rate of section 5, SGD keeps up well. So Adam's advantage is not that it is better in the end. It is that a rate of about 0.001 works nearly
# everywhere, and that a factor of ten more or less does less harm.
#
# And twenty times more? The next cell asks for trouble.
#
# **What to expect.** The loss explodes. The Solver stops, says where, and what to try.

# %%
with np.errstate(all="ignore"):  # NumPy need not warn as well
    try:
        train(sgd, 10.0)
    except FloatingPointError as error:
        print(error)

# %% [markdown]
# <details><summary>Question: your loss stays at 2.30 for a hundred iterations. Is the rate too small or too large?</summary>
#
# It may be either. Too small: it does not move. Too large: the first step threw all ReLUs below zero, nothing passes any more, and the scores are the same for
# every image. Try a tenth and ten times; one of them moves. (And see test 2 of notebook 06.)
#
# </details>

# %% [markdown]
# ## 7. Schedules
#
# At first, far from the bottom, large steps are good. Near the bottom they throw you from one side to the other, for the gradients of
# minibatches differ. So make the rate smaller on the way. A *schedule* is a factor on the learning rate that depends on the iteration:
#
# - `step`: a tenth after each third of the run. The classic.
# - `cosine`: half a cosine from 1 to 0. No numbers to choose.
# - `warmup`: from small to full rate in the first tenth, then another schedule. It keeps the first steps, from random weights, from doing harm.

# %%
SCHEDULES = {
    "constant": schedules.constant(),
    "step": schedules.step(),
    "cosine": schedules.cosine(),
    "warmup, cosine": schedules.warmup(0.1, then=schedules.cosine()),
}
plot_schedules(SCHEDULES)

# %% [markdown]
# **What to expect.** The rate is large on purpose: 0.01 for Adam. At first the curves are alike. In the end the three that slow down classify better than the constant rate, by one or two
# percent: not much, but they get it for nothing. `step` slows down early here, after two of six epochs, so its loss falls less far. Six epochs each, about 8 seconds together.

# %%
runs = {}
for name, schedule in SCHEDULES.items():
    runs[name] = train(adam, 1e-2, epochs=6, lr_schedule=schedule)
plot_runs(runs)

# %%
for name, run in runs.items():
    last, accuracy = run.loss_history[-90:], run.val_acc_history[-1]
    print(
        f"{name:15s} loss in the last epoch {np.mean(last):.3f}, validation {accuracy:.1%}"
    )

# %% [markdown]
# <details><summary>Question: in long trainings the loss often falls suddenly at the moment when <code>step</code> makes the rate ten times smaller. Why?</summary>
#
# Until then the weights were jumping to and fro across the valley, some way above its floor. With small steps they sink to the floor. It looks like sudden insight; it is the end of the
# noise. Do it too early, and the small steps have too far to go.
#
# </details>
#
# **What to take with you.** Start with Adam and 0.001. Try 0.0003 and 0.003. Add `cosine` for the final run. If you have time, compare with momentum at 0.01 to 0.1, which often ends a little better.
#
# In notebook 08 the layers themselves help: normalization makes the valley rounder.
