"""
Makes the traces of test/golden with PyTorch, the oracle of our arithmetic.

    apt-get install --no-install-recommends python3-torch      (Debian 12: PyTorch 1.13.1)
    /usr/bin/python3 scripts/golden/make-traces.py              writes every trace anew
    /usr/bin/python3 scripts/golden/make-traces.py --check      fails where a file differs from what would be written

The numbers depend on this file alone: every draw comes from a generator seeded with the trace's name, the arithmetic is
float64 on one thread, and results are rounded to 8 significant digits. test/golden/README.md describes the format.

To add a kind: one builder in `layers`, `elementwise_losses` or `optimizers`, and at least one `trace(...)` below.
"""

import json
import math
import os
import random
import re
import sys

import torch
import torch.nn.functional as F
from torch import nn

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
target_folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../test/golden")


def named(written):
    """Name and options of a kind in Rivulet's written form: "relu" or {"dense": {"outputs": 5}}."""
    if isinstance(written, str):
        return written, {}
    return next(iter(written.items()))


# Layers: options and the shape of one sample -> module


class GivenMask(nn.Module):
    """Dropout whose mask is given: y = x mask / (1 - p)."""

    def __init__(self, probability):
        super().__init__()
        self.probability = probability
        self.mask = None

    def forward(self, x):
        return x * self.mask / (1 - self.probability) if self.training and self.mask is not None else x


class Gru(nn.Module):
    """nn.GRU over [N, steps, features]; with `carry` a training step begins where the one before ended."""

    def __init__(self, inputs, hidden, returns="last", carry=False):
        super().__init__()
        self.gru = nn.GRU(inputs, hidden, batch_first=True)
        self.returns = returns
        self.carry = carry
        self.hidden = None
        self.next = None

    def forward(self, x):
        rows = x.shape[0]
        start = self.hidden if self.carry else None
        if start is not None:
            start = start[:, :rows].contiguous()
        output, last = self.gru(x, start)
        if self.training:
            self.next = last.detach()
        return output if self.returns == "sequence" else output[:, -1]

    def commit(self):
        """The state before the update is where the next step begins."""
        if self.carry:
            self.hidden = self.next


class GlobalAverage(nn.Module):
    def forward(self, x):
        return x.flatten(2).mean(2)


class GlobalMax(nn.Module):
    def forward(self, x):
        return x.flatten(2).max(2).values


class Residual(nn.Sequential):
    def forward(self, x):
        return x + super().forward(x)


def batch_norm(o, shape):
    kind = nn.BatchNorm2d if len(shape) == 3 else nn.BatchNorm1d
    module = kind(shape[0], eps=o.get("epsilon", 1e-5), momentum=o.get("momentum", 0.1))
    if o.get("frozen") is True:
        module.train = lambda mode=True: nn.Module.train(module, False)
        module.eval()
    return module


def convolution(kind):
    keys = ("stride", "padding", "dilation", "groups", "bias")
    return lambda o, shape: kind(shape[0], o["outputs"], o["kernel"], **{k: o[k] for k in keys if k in o})


layers = {
    "dense": lambda o, shape: nn.Linear(shape[-1], o["outputs"], bias=o.get("bias", True)),
    "conv1d": convolution(nn.Conv1d),
    "conv2d": convolution(nn.Conv2d),
    "maxPool1d": lambda o, shape: nn.MaxPool1d(o["kernel"], o.get("stride")),
    "maxPool2d": lambda o, shape: nn.MaxPool2d(o["kernel"], o.get("stride")),
    "averagePool1d": lambda o, shape: nn.AvgPool1d(o["kernel"], o.get("stride")),
    "averagePool2d": lambda o, shape: nn.AvgPool2d(o["kernel"], o.get("stride")),
    "globalAveragePool": lambda o, shape: GlobalAverage(),
    "globalMaxPool": lambda o, shape: GlobalMax(),
    "flatten": lambda o, shape: nn.Flatten(),
    "dropout": lambda o, shape: GivenMask(o["probability"]),
    "batchNorm": batch_norm,
    "layerNorm": lambda o, shape: nn.LayerNorm(shape[-1], eps=o.get("epsilon", 1e-5)),
    "gru": lambda o, shape: Gru(shape[-1], o["hidden"], o.get("returns", "last"), o.get("carry", False)),
    "residual": lambda o, shape: Residual(*stack(o["layers"], shape)[0]),
    "identity": lambda o, shape: nn.Identity(),
    "sigmoid": lambda o, shape: nn.Sigmoid(),
    "tanh": lambda o, shape: nn.Tanh(),
    "relu": lambda o, shape: nn.ReLU(),
    "elu": lambda o, shape: nn.ELU(o.get("alpha", 1.0)),
    "leakyRelu": lambda o, shape: nn.LeakyReLU(o.get("slope", 0.01)),
    "softmax": lambda o, shape: nn.Softmax(-1),
    "logSoftmax": lambda o, shape: nn.LogSoftmax(-1),
}


def freeze(module, frozen):
    for name, parameter in module.named_parameters():
        if frozen is True or re.sub("^gru\\.|_l0$", "", name) in frozen:
            parameter.requires_grad_(False)


def stack(written, shape):
    """The modules of a list of layers, and the shape of one sample behind them."""
    modules = []
    for each in written:
        name, options = named(each)
        module = layers[name](options, shape)
        if options.get("frozen"):
            freeze(module, options["frozen"])
        with torch.no_grad():
            module.eval()
            shape = list(module(torch.zeros(2, *shape)).shape[1:])
        modules.append(module)
    return modules, shape


def parameter_name(name):
    return re.sub("gru\\.|_l0$", "", name)


# Losses

elementwise_losses = {
    "mse": lambda o, p, y: F.mse_loss(p, y, reduction="none"),
    "mae": lambda o, p, y: F.l1_loss(p, y, reduction="none"),
    "huber": lambda o, p, y: F.huber_loss(p, y, reduction="none", delta=o.get("delta", 1.0)),
    "smoothL1": lambda o, p, y: F.smooth_l1_loss(p, y, reduction="none", beta=o.get("beta", 1.0)),
    # log(cosh(e)) = |e| + log(1 + e^(-2|e|)) - log 2, which PyTorch has not as a loss.
    "logCosh": lambda o, p, y: (p - y).abs() + F.softplus(-2 * (p - y).abs(), threshold=1e9) - math.log(2),
    "binaryCrossEntropy": lambda o, p, y: (
        F.binary_cross_entropy_with_logits if o.get("on", "logits") == "logits" else F.binary_cross_entropy
    )(p, y, reduction="none"),
}
class_losses = {
    "softmaxCrossEntropy": lambda z, y: F.cross_entropy(z, y, reduction="none"),
    "negativeLogLikelihood": lambda z, y: F.nll_loss(z, y, reduction="none"),
}


def loss_of(written, output, y, sample_weights):
    """The loss of a batch: weighted, then divided by how many losses there are (not by the sum of the weights)."""
    name, options = named(written)
    rows = output.shape[0]
    classes = options.get("classWeights")
    if name in class_losses:
        labels = y.long().reshape(-1)
        each = class_losses[name](output.reshape(-1, output.shape[-1]), labels)
        if classes:
            each = each * torch.tensor(classes)[labels]
    else:
        target = y.reshape(output.shape)
        each = elementwise_losses[name](options, output, target)
        if classes:
            each = each * (classes[0] * (1 - target) + classes[1] * target)
    each = each.reshape(rows, -1)
    if sample_weights is not None:
        each = each * sample_weights.reshape(rows, 1)
    return each.sum() if options.get("reduction") == "sum" else each.mean()


# Optimizers: options in Rivulet's names -> options in PyTorch's


def translated(o, **names):
    names = {"learningRate": "lr", "weightDecay": "weight_decay", "epsilon": "eps", **names}
    return {names.get(key, key): value for key, value in o.items() if key not in ("beta1", "beta2")}


def moments(o, **names):
    return {"betas": (o.get("beta1", 0.9), o.get("beta2", 0.999)), **translated(o, **names)}


optimizers = {
    "sgd": lambda p, o: torch.optim.SGD(p, **{"lr": 0.01, **translated(o)}),
    "momentum": lambda p, o: torch.optim.SGD(p, **{"lr": 0.01, "momentum": 0.9, **translated(o)}),
    "nesterov": lambda p, o: torch.optim.SGD(
        p, **{"lr": 0.01, "momentum": 0.9, "nesterov": True, **translated(o)}
    ),
    "adagrad": lambda p, o: torch.optim.Adagrad(
        p, **translated(o, learningRateDecay="lr_decay", initialAccumulator="initial_accumulator_value")
    ),
    "rmsprop": lambda p, o: torch.optim.RMSprop(p, **translated(o, smoothing="alpha")),
    "adam": lambda p, o: torch.optim.Adam(p, **moments(o)),
    "radam": lambda p, o: torch.optim.RAdam(p, **moments(o)),
    "adamW": lambda p, o: torch.optim.AdamW(p, **moments(o)),
}


class Schedule:
    """PyTorch's schedulers behind a linear warm-up, in which update u of w has (u + 1) / w of the base rate."""

    def __init__(self, written, optimizer):
        self.optimizer = optimizer
        self.base = optimizer.param_groups[0]["lr"]
        self.update = 0
        name, o = named(written) if written else ("constant", {})
        self.warm_up = o.get("warmUp", 0)
        self.window = o.get("window")
        self.losses = []
        schedulers = torch.optim.lr_scheduler
        self.cosine_end = None
        if name == "step":
            self.scheduler = schedulers.StepLR(optimizer, o["every"], o["factor"])
        elif name == "exponential":
            self.scheduler = schedulers.ExponentialLR(optimizer, o["factor"])
        elif name == "cosine":
            self.cosine_end = o["updates"]
            self.scheduler = schedulers.CosineAnnealingLR(
                optimizer, o["updates"], eta_min=o.get("minimum", 0) * self.base
            )
        elif name == "plateau":
            # PyTorch reduces the rate once MORE than `patience` windows brought nothing, Rivulet with that many.
            self.scheduler = schedulers.ReduceLROnPlateau(
                optimizer,
                factor=o["factor"],
                patience=o["patience"] - 1,
                threshold=o["threshold"],
                min_lr=o["minimum"] * self.base,
                eps=0,
            )
        else:
            self.scheduler = None
        self.scheduled = self.base

    def before_update(self):
        """Sets the rate of this update."""
        if self.update < self.warm_up:
            self.set(self.base * (self.update + 1) / self.warm_up)
        else:
            self.set(self.scheduled)

    def after_update(self, loss):
        """Steps the scheduler; a plateau hears of the loss of this update, and not of those of the warm-up."""
        if self.update >= self.warm_up:
            # PyTorch's cosine would rise again behind its end, where ours stays.
            ended = self.cosine_end is not None and self.update - self.warm_up >= self.cosine_end
            if self.window:
                self.losses.append(loss)
                if len(self.losses) == self.window:
                    self.scheduler.step(sum(self.losses) / self.window)
                    self.losses = []
            elif self.scheduler and not ended:
                self.scheduler.step()
            self.scheduled = self.optimizer.param_groups[0]["lr"]
        self.update += 1

    def set(self, rate):
        for group in self.optimizer.param_groups:
            group["lr"] = rate


# A run


def rounded(tensor):
    return [compact(float(value)) for value in tensor.detach().reshape(-1)]


def compact(value):
    if not math.isfinite(value):
        raise ValueError("a run must stay finite; choose a lower learning rate")
    value = float("%.8g" % value)
    return int(value) if value == int(value) and abs(value) < 2**53 else value


def draws(generator, count, step, bound):
    """Multiples of `step` within the bound, exact in float32."""
    most = round(bound / step)
    return [compact(generator.randint(-most, most) * step) for _ in range(count)]


traces = []


def trace(
    path,
    behaviour,
    shape,
    stack,
    loss="mse",
    optimizer={"sgd": {"learningRate": 0.1}},
    clip=None,
    schedule=None,
    steps=10,
    rows=(4, 3),
    keep=(2, 10),
    x=None,
    y=None,
    init=None,
    coarse=False,
    sample_weights=False,
):
    """
    Adds a trace. `rows` of each batch; x, y, init: given numbers instead of drawn ones. `coarse` draws from so few
    numbers that ties, zeros and errors that meet a loss's edge exactly are sure to occur.
    """
    model = {"inputShape": shape, "layers": stack, "loss": loss, "optimizer": optimizer}
    if clip:
        model["clip"] = clip
    if schedule:
        model["schedule"] = schedule
    traces.append((path, lambda: run(path, behaviour, model, steps, rows, keep, x, y, init, coarse, sample_weights)))


def run(path, behaviour, model, steps, rows, keep, x, y, init, coarse, sample_weights):
    torch.manual_seed(0)
    generator = random.Random(path)
    modules, output_shape = stack(model["layers"], model["inputShape"])
    network = nn.Sequential(*modules)
    parameters = list(network.named_parameters())

    if init is None:
        init = []
        for name, parameter in parameters:
            step, bound = (0.5, 0.5) if coarse else (0.03125, 0.75)
            values = draws(generator, parameter.numel(), step, bound)
            # Scales of normalization begin around 1.
            module = network.get_submodule(name.rpartition(".")[0])
            if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d, nn.LayerNorm)) and name.endswith("weight"):
                values = [1 + value / 2 for value in values]
            init.append(values)
    with torch.no_grad():
        for (_, parameter), values in zip(parameters, init):
            parameter.copy_(torch.tensor(values).reshape(parameter.shape))

    name, options = named(model["loss"])
    if x is None:
        size = math.prod(model["inputShape"])
        x = [draws(generator, n * size, 0.5 if coarse else 0.125, 1 if coarse else 2) for n in rows]
    if y is None:
        size = math.prod(output_shape)
        if name in class_losses:
            y = [[generator.randrange(output_shape[-1]) for _ in range(n * size // output_shape[-1])] for n in rows]
        elif name == "binaryCrossEntropy":
            y = [[generator.choice([0, 1, 1, 0.25]) for _ in range(n * size)] for n in rows]
        else:
            y = [draws(generator, n * size, 0.5 if coarse else 0.125, 1.5) for n in rows]
    weights = [[generator.randrange(0, 9) / 4 for _ in range(n)] for n in rows] if sample_weights else None

    masked = [(path, module) for path, module in network.named_modules() if isinstance(module, GivenMask)]
    masks = {}
    for mask_path, module in masked:
        widths = network[: int(mask_path)](torch.zeros(2, *model["inputShape"])).shape[1:]
        masks[mask_path] = [
            [int(generator.random() >= module.probability) for _ in range(n * math.prod(widths))] for n in rows
        ]

    recurrent = [(path, module) for path, module in network.named_modules() if isinstance(module, Gru) and module.carry]
    norms = [(path, m) for path, m in network.named_modules() if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d))]
    trained = [parameter for _, parameter in parameters if parameter.requires_grad]
    kind, options = named(model["optimizer"])
    optimizer = optimizers[kind](trained, options)
    schedule = Schedule(model.get("schedule"), optimizer)
    result = {"out1": None, "grads1": None, "learningRate": [], "loss": [], "weights": {}, "buffers": {}}

    def batch(k):
        for mask_path, module in masked:
            inputs = network[: int(mask_path)](torch.zeros(2, *model["inputShape"]))
            module.mask = torch.tensor(masks[mask_path][k], dtype=torch.float64).reshape(rows[k], *inputs.shape[1:])
        given = torch.tensor(x[k], dtype=torch.float64).reshape(rows[k], *model["inputShape"])
        of_samples = torch.tensor(weights[k]) if weights else None
        return given, torch.tensor(y[k], dtype=torch.float64), of_samples

    network.eval()
    for s in range(steps):
        given, target, of_samples = batch(s % len(rows))
        network.train()
        optimizer.zero_grad()
        output = network(given)
        loss = loss_of(model["loss"], output, target, of_samples)
        loss.backward()
        for _, module in recurrent:
            module.commit()
        if s == 0:
            result["out1"] = rounded(output)
            result["grads1"] = [rounded(p.grad) if p.requires_grad else None for _, p in parameters]
        result["loss"].append(compact(loss.item()))
        if model.get("clip"):
            clip, options = named(model["clip"])
            if clip == "norm":
                norm = nn.utils.clip_grad_norm_(trained, options["maximum"])
                result.setdefault("gradNorm", []).append(compact(norm.item()))
            else:
                nn.utils.clip_grad_value_(trained, options["maximum"])
        schedule.before_update()
        result["learningRate"].append(compact(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        schedule.after_update(loss.item())
        if s + 1 in keep:
            result["weights"][s + 1] = [rounded(parameter) for _, parameter in parameters]
            buffers = {}
            for norm_path, module in norms:
                buffers[norm_path + ".running_mean"] = rounded(module.running_mean)
                buffers[norm_path + ".running_var"] = rounded(module.running_var)
            for gru_path, module in recurrent:
                buffers[gru_path + ".hidden"] = rounded(module.hidden)
            if buffers:
                result["buffers"][s + 1] = buffers
    if not model.get("schedule"):
        del result["learningRate"]
    if not result["buffers"]:
        del result["buffers"]

    network.eval()
    with torch.no_grad():
        result["evalOut"] = rounded(network(batch(0)[0]))
    document = {
        "format": "rivulet-trace/1",
        "behaviour": behaviour,
        "oracle": "PyTorch " + re.sub("[^0-9.].*", "", torch.__version__),
        "model": model,
        "steps": steps,
        "params": [{"name": parameter_name(name), "shape": list(p.shape)} for name, p in parameters],
        "init": init,
        "x": x,
        "y": y,
    }
    if masks:
        document["masks"] = masks
    if weights:
        document["sampleWeights"] = weights
    document["f64"] = result
    return document


def written_out(document):
    """One line for each key: short, and a change shows as what it is."""
    lines = []
    for key, value in document.items():
        if key == "f64":
            inner = ",\n".join(f"{json.dumps(k)}:{json.dumps(v, separators=(',', ':'))}" for k, v in value.items())
            lines.append(f'"f64":{{\n{inner}}}')
        else:
            lines.append(f"{json.dumps(key)}:{json.dumps(value, separators=(',', ':'), ensure_ascii=False)}")
    return "{" + ",\n".join(lines) + "}\n"


# The traces


def dense(outputs, **options):
    return {"dense": {"outputs": outputs, **options}}


small = [dense(5), "tanh", dense(2)]


def layer(name, behaviour, shape, stack, **options):
    trace("layers/" + name, behaviour, shape, stack, **options)


def loss(name, behaviour, written, stack=small, shape=[3], **options):
    trace("losses/" + name, behaviour, shape, stack, written, **options)


def optimizer(name, behaviour, written, **options):
    trace("optimizers/" + name, behaviour, [3], small, "mse", written, keep=(1, 2, 10), **options)


def schedule(name, behaviour, written, **options):
    trace("schedules/" + name, behaviour, [3], [dense(2)], "mse", {"sgd": {"learningRate": 0.25}}, schedule=written, **options)


layer("dense", "dense multiplies by its weights and adds its bias", [6], [dense(5)])
layer("dense-no-bias", "dense without a bias only multiplies", [3], [dense(5, bias=False), "tanh", dense(2, bias=False)])
layer("dense-last-axis", "dense works on the last axis of every row of a sample", [3, 4], [dense(5), "tanh", dense(2)])
layer("dense-one-row", "dense learns from one sample an update", [3], small, rows=(1, 1))
layer("frozen-weight", "a frozen weight stays while its bias is trained", [3], [dense(5, frozen=["weight"]), "tanh", dense(2)])
layer("frozen-layer", "a frozen layer stays as it is and passes the gradient on", [3], [dense(4), "tanh", dense(4, frozen=True), "tanh", dense(2)])
for name, written, behaviour in [
    ("identity", "identity", "identity passes its input on"),
    ("sigmoid", "sigmoid", "sigmoid squeezes into 0 to 1"),
    ("tanh", "tanh", "tanh squeezes into -1 to 1"),
    ("relu", "relu", "relu cuts off what is below 0, and has no slope at 0"),
    ("elu", {"elu": {"alpha": 0.7}}, "elu bends to -alpha below 0"),
    ("elu-default", "elu", "elu has an alpha of 1 unless told otherwise"),
    ("leaky-relu", {"leakyRelu": {"slope": 0.2}}, "leaky relu has its slope below 0 and at 0"),
    ("leaky-relu-default", "leakyRelu", "leaky relu has a slope of 0.01 unless told otherwise"),
]:
    # Coarse numbers: sums of exactly 0 occur, where the slopes of the two sides meet.
    layer(name, behaviour, [3], [dense(6), written, dense(5), written], coarse=name not in ("sigmoid", "tanh"))
layer("softmax", "softmax makes each row add up to 1", [3], [dense(5), "softmax", dense(2)])
layer("softmax-last-axis", "softmax works on the last axis alone", [2, 3], [dense(5), "softmax"])
layer("log-softmax", "log-softmax is the logarithm of softmax", [3], [dense(5), "logSoftmax", dense(2)], optimizer={"sgd": {"learningRate": 0.01}})
layer("softmax-large", "softmax and log-softmax take inputs of any size", [2], [dense(3), "softmax"], x=[[60, -40, 0, 90, 100, 100]], rows=(3,), init=[[4, 1, -3, 2, 0.5, -1], [0, 1, 2]], steps=2)
layer("flatten", "flatten puts the last axis fastest", [2, 3], ["flatten", dense(2)])
layer("residual", "residual adds its input to what its layers make of it", [4], [dense(4), {"residual": {"layers": [dense(4), "tanh"]}}, dense(2)])
layer("residual-nested", "residual blocks stand in one another", [3], [{"residual": {"layers": [dense(3), {"residual": {"layers": [dense(3), "sigmoid"]}}]}}, dense(2)])
layer("dropout", "dropout zeroes what the mask says and scales up the rest, in training alone", [4], [dense(6), {"dropout": {"probability": 0.25}}, dense(2)])
layer("dropout-hidden", "dropout between activations scales by 1 / (1 - p)", [4], [dense(6), "tanh", {"dropout": {"probability": 0.5}}, dense(2)])

layer("conv1d", "conv1d slides its kernel without turning it round", [2, 7], [{"conv1d": {"outputs": 3, "kernel": 3}}, "tanh", "flatten", dense(2)])
layer("conv1d-options", "conv1d strides, pads with zeros and dilates", [2, 9], [{"conv1d": {"outputs": 3, "kernel": 3, "stride": 2, "padding": 2, "dilation": 2}}, "tanh", "flatten", dense(2)])
layer("conv1d-groups", "conv1d in groups joins the channels of each alone", [4, 6], [{"conv1d": {"outputs": 6, "kernel": 3, "groups": 2}}, "tanh", "flatten", dense(2)])
layer("conv1d-depthwise", "conv1d is depthwise with as many groups as channels, and does without a bias", [3, 6], [{"conv1d": {"outputs": 3, "kernel": 3, "padding": 1, "groups": 3, "bias": False}}, "tanh", {"conv1d": {"outputs": 2, "kernel": 2}}])
layer("conv2d", "conv2d slides its kernel over height and width", [2, 4, 5], [{"conv2d": {"outputs": 3, "kernel": 3}}, "tanh", "flatten", dense(2)], rows=(3, 2))
layer("conv2d-pairs", "conv2d takes each size as a pair of height and width", [2, 6, 5], [{"conv2d": {"outputs": 2, "kernel": [3, 2], "stride": [2, 1], "padding": [2, 1], "dilation": [1, 3]}}, "tanh", "flatten", dense(2)], rows=(3, 2))
layer("conv2d-groups", "conv2d in groups joins the channels of each alone", [4, 4, 4], [{"conv2d": {"outputs": 4, "kernel": [2, 3], "groups": 2, "bias": False}}, "tanh", "flatten", dense(2)], rows=(3, 2))
layer("conv2d-deep", "conv2d passes its gradient to the layer before it", [1, 5, 5], [{"conv2d": {"outputs": 2, "kernel": 2, "stride": 2, "padding": 1}}, "tanh", {"conv2d": {"outputs": 2, "kernel": [1, 2], "dilation": 2}}, "flatten"], rows=(3, 2))

layer("max-pool-1d", "max pooling in one dimension gives the gradient to the first of equal maxima", [2, 7], [dense(7), {"maxPool1d": {"kernel": 3}}, "flatten", dense(2)], coarse=True)
layer("max-pool-1d-overlap", "max pooling in one dimension adds up the gradients of overlapping windows", [2, 7], [dense(7), {"maxPool1d": {"kernel": 3, "stride": 2}}, "flatten", dense(2)])
layer("max-pool-2d", "max pooling in two dimensions gives the gradient to the first of equal maxima", [2, 4, 5], [dense(5), {"maxPool2d": {"kernel": 2}}, "flatten", dense(2)], coarse=True, rows=(3, 2))
layer("max-pool-2d-pairs", "max pooling in two dimensions takes kernel and stride as pairs", [1, 5, 6], [dense(6), {"maxPool2d": {"kernel": [3, 2], "stride": [1, 3]}}, "flatten", dense(2)], rows=(3, 2))
layer("average-pool-1d", "average pooling in one dimension leaves out what fills no window", [2, 8], [dense(8), {"averagePool1d": {"kernel": 3}}, "flatten", dense(2)])
layer("average-pool-1d-overlap", "average pooling in one dimension adds up the gradients of overlapping windows", [2, 7], [dense(7), {"averagePool1d": {"kernel": 3, "stride": 1}}, "flatten", dense(2)])
layer("average-pool-2d", "average pooling in two dimensions leaves out what fills no window", [2, 5, 4], [dense(4), {"averagePool2d": {"kernel": 2}}, "flatten", dense(2)], rows=(3, 2))
layer("average-pool-2d-pairs", "average pooling in two dimensions takes kernel and stride as pairs", [1, 5, 6], [dense(6), {"averagePool2d": {"kernel": [2, 3], "stride": [3, 1]}}, "flatten", dense(2)], rows=(3, 2))
layer("global-average-pool-1d", "global average pooling leaves one mean a channel of a signal", [2, 5], [{"conv1d": {"outputs": 3, "kernel": 2}}, "tanh", "globalAveragePool", dense(2)])
layer("global-average-pool-2d", "global average pooling leaves one mean a channel of an image", [2, 3, 4], [{"conv2d": {"outputs": 3, "kernel": 2}}, "tanh", "globalAveragePool", dense(2)], rows=(3, 2))

layer("global-max-pool-1d", "global max pooling leaves the largest of each channel of a signal", [2, 5], [{"conv1d": {"outputs": 3, "kernel": 2}}, "globalMaxPool", dense(2)])
layer("global-max-pool-2d", "global max pooling leaves the largest of each channel of an image", [2, 3, 4], [{"conv2d": {"outputs": 3, "kernel": 2}}, "globalMaxPool", dense(2)])

layer("batch-norm", "batch norm normalizes by the batch, and by running statistics in evaluation", [4], [dense(5), "batchNorm", "relu", dense(2)], rows=(6, 4))
layer("batch-norm-options", "batch norm takes its epsilon and the momentum of its running statistics", [4], [dense(5), {"batchNorm": {"epsilon": 0.25, "momentum": 0.3}}, "tanh", dense(2)], rows=(5, 3))
layer("batch-norm-1d", "batch norm takes the statistics of a channel over the length of a signal too", [2, 5], [{"conv1d": {"outputs": 3, "kernel": 2}}, "batchNorm", "tanh", "flatten", dense(2)], rows=(3, 2))
layer("batch-norm-2d", "batch norm takes the statistics of a channel over height and width too", [1, 4, 4], [{"conv2d": {"outputs": 3, "kernel": 2}}, "batchNorm", "tanh", "flatten", dense(2)], rows=(3, 2))
layer("batch-norm-frozen-scale", "batch norm with a frozen scale goes on with its statistics", [4], [dense(5), {"batchNorm": {"frozen": ["weight"]}}, "tanh", dense(2)], rows=(5, 3))
layer("batch-norm-frozen", "batch norm wholly frozen normalizes by its running statistics in training too", [4], [dense(5), {"batchNorm": {"epsilon": 0.25, "frozen": True}}, "tanh", dense(2)], rows=(5, 3))
layer("layer-norm", "layer norm normalizes each sample over its last axis", [4], [dense(5), "layerNorm", "tanh", dense(2)])
layer("layer-norm-last-axis", "layer norm takes its epsilon and normalizes every row of a sample", [2, 3], [dense(5), {"layerNorm": {"epsilon": 0.25}}, "tanh", dense(2)])

layer("gru-last", "gru hands on its last state", [4, 2], [{"gru": {"hidden": 3}}, dense(2)])
layer("gru-sequence", "gru hands on the state behind every step", [4, 2], [{"gru": {"hidden": 3, "returns": "sequence"}}, dense(2)])
layer("gru-stacked", "gru passes its gradient to the gru below it", [3, 2], [{"gru": {"hidden": 3, "returns": "sequence"}}, {"gru": {"hidden": 2}}])
layer("gru-carry", "gru that carries its state begins where the step before ended, and cuts the gradient there", [3, 2], [{"gru": {"hidden": 3, "carry": True}}, dense(2)], rows=(1, 1, 1), y=[[1, 0.5], [-0.5, 0.25], [0.75, -1]])
layer("gru-carry-rows", "gru carries a state of each row of the batch", [3, 2], [{"gru": {"hidden": 3, "carry": True, "returns": "sequence"}}, dense(1)], rows=(2, 2))
layer("gru-frozen", "gru with frozen recurrent weights trains the others", [3, 2], [{"gru": {"hidden": 3, "frozen": ["weight_hh", "bias_ih"]}}, dense(2)])

loss("mse", "mse squares the error and takes the mean over all outputs", "mse")
loss("mse-sum", "mse reduced by sum does not divide", {"mse": {"reduction": "sum"}}, optimizer={"sgd": {"learningRate": 0.02}})
loss("mse-sample-weights", "mse weighs each sample, and a sample of weight 0 not at all", {"mse": {"sampleWeights": True}}, sample_weights=True)
loss("mae", "mae has a slope of 1 to both sides and none at an error of 0", "mae", [dense(2)], coarse=True)
loss("mae-sum", "mae reduced by sum does not divide", {"mae": {"reduction": "sum"}}, optimizer={"sgd": {"learningRate": 0.02}})
loss("mae-sample-weights", "mae weighs each sample", {"mae": {"sampleWeights": True, "reduction": "sum"}}, sample_weights=True, optimizer={"sgd": {"learningRate": 0.02}})
loss("huber", "huber is quadratic up to its delta and linear beyond", {"huber": {"delta": 0.5}}, [dense(2)], coarse=True)
loss("huber-default", "huber has a delta of 1 unless told otherwise", "huber", y=[[3, -3, 0.5, -0.25, 1, 2, -1, 0], [0.125, 4, -4, 0.25, 1.5, -1.5]])
loss("huber-sum", "huber reduced by sum weighs each sample and does not divide", {"huber": {"delta": 0.25, "reduction": "sum", "sampleWeights": True}}, sample_weights=True, optimizer={"sgd": {"learningRate": 0.05}})
loss("smooth-l1", "smooth L1 has a slope of 1 beyond its beta", {"smoothL1": {"beta": 0.5}}, [dense(2)], coarse=True)
loss("smooth-l1-default", "smooth L1 has a beta of 1 unless told otherwise", "smoothL1", y=[[3, -3, 0.5, -0.25, 1, 2, -1, 0], [0.125, 4, -4, 0.25, 1.5, -1.5]])
loss("smooth-l1-sum", "smooth L1 reduced by sum weighs each sample and does not divide", {"smoothL1": {"beta": 0.25, "reduction": "sum", "sampleWeights": True}}, sample_weights=True, optimizer={"sgd": {"learningRate": 0.02}})

loss("log-cosh", "log-cosh is quadratic near 0 and linear far from it", "logCosh", y=[[9, -9, 0.5, -0.25, 1, 2, -1, 0], [0.125, 40, -40, 0.25, 1.5, -1.5]])
loss("log-cosh-sum", "log-cosh reduced by sum weighs each sample and does not divide", {"logCosh": {"reduction": "sum", "sampleWeights": True}}, sample_weights=True, optimizer={"sgd": {"learningRate": 0.02}})

on_probabilities = {"binaryCrossEntropy": {"on": "probabilities"}}
loss("bce", "binary cross-entropy takes logits and targets between 0 and 1", "binaryCrossEntropy")
loss("bce-large-logits", "binary cross-entropy takes logits of any size", {"binaryCrossEntropy": {"reduction": "sum"}}, [dense(1)], [1], x=[[-90, -30, -0.5, 0, 0.5, 30, 90, 90]], y=[[1, 0, 1, 0, 0.25, 1, 0, 1]], rows=(8,), init=[[1], [0]], steps=2, optimizer={"sgd": {"learningRate": 0.001}})
loss("bce-class-weights", "binary cross-entropy blends the weights of no and yes by the target", {"binaryCrossEntropy": {"classWeights": [0.5, 3]}})
loss("bce-sample-weights", "binary cross-entropy weighs samples and classes together", {"binaryCrossEntropy": {"classWeights": [2, 0.25], "sampleWeights": True, "reduction": "sum"}}, sample_weights=True, optimizer={"sgd": {"learningRate": 0.05}})
loss("bce-probabilities", "binary cross-entropy takes probabilities", on_probabilities, [dense(5), "tanh", dense(2), "sigmoid"])
loss("bce-probabilities-weighted", "binary cross-entropy on probabilities weighs samples and classes", {"binaryCrossEntropy": {"on": "probabilities", "classWeights": [0.5, 3], "sampleWeights": True}}, [dense(5), "tanh", dense(2), "sigmoid"], sample_weights=True)
# A weight of 1: the input is the probability. Wrong answers at 0 and 1, where a logarithm is no number.
one = {"shape": [1], "init": [[1]], "rows": (1,), "steps": 1, "keep": (1,), "optimizer": {"sgd": {"learningRate": 1e-14}}}
for name, p, y, behaviour in [
    ("surely-not", 0, 1, "a yes that was held impossible costs 100 and no more"),
    ("surely", 1, 0, "a no that was held impossible costs 100 and no more"),
    ("right-no", 0, 0, "a no that was certain costs nothing"),
    ("right-yes", 1, 1, "a yes that was certain costs nothing"),
    ("tiny", 2.0**-120, 1, "a yes of a probability of 2^-120 costs its logarithm, and its slope is bounded"),
]:
    loss("bce-" + name, behaviour, on_probabilities, [dense(1, bias=False)], x=[[p]], y=[[y]], **one)

classes = [dense(5), "tanh", dense(3)]
loss("softmax-cross-entropy", "softmax cross-entropy takes logits and a class index", "softmaxCrossEntropy", classes)
loss("softmax-cross-entropy-sum", "softmax cross-entropy reduced by sum does not divide", {"softmaxCrossEntropy": {"reduction": "sum"}}, classes)
loss("softmax-cross-entropy-weights", "softmax cross-entropy weighs classes, and divides by the samples all the same", {"softmaxCrossEntropy": {"classWeights": [0.25, 3, 1]}}, classes)
loss("softmax-cross-entropy-sample-weights", "softmax cross-entropy weighs samples and classes together", {"softmaxCrossEntropy": {"classWeights": [2, 0.5, 1], "sampleWeights": True}}, classes, sample_weights=True)
loss("softmax-cross-entropy-rows", "softmax cross-entropy takes a class for every row of a sample", {"softmaxCrossEntropy": {"sampleWeights": True}}, classes, [2, 3], sample_weights=True)
loss("softmax-cross-entropy-large", "softmax cross-entropy takes logits of any size", "softmaxCrossEntropy", [dense(3)], [2], x=[[60, -40, 0, 90, 100, 100]], y=[[2, 1, 0]], rows=(3,), init=[[4, 1, -3, 2, 0.5, -1], [0, 1, 2]], steps=2, optimizer={"sgd": {"learningRate": 0.001}})
log_classes = [*classes, "logSoftmax"]
loss("nll", "negative log-likelihood takes log-probabilities and a class index", "negativeLogLikelihood", log_classes)
loss("nll-sum", "negative log-likelihood reduced by sum does not divide", {"negativeLogLikelihood": {"reduction": "sum"}}, log_classes)
loss("nll-weights", "negative log-likelihood weighs samples and classes", {"negativeLogLikelihood": {"classWeights": [0.25, 3, 1], "sampleWeights": True}}, log_classes, sample_weights=True)

rate = {"learningRate": 0.1}
optimizer("sgd", "sgd goes against the gradient", {"sgd": rate})
optimizer("sgd-default", "sgd has a learning rate of 0.01 unless told otherwise", "sgd")
optimizer("sgd-weight-decay", "sgd adds weight decay to the gradient, of biases too", {"sgd": {**rate, "weightDecay": 0.1}})
optimizer("sgd-momentum", "sgd with momentum rolls on", {"sgd": {**rate, "momentum": 0.8}})
optimizer("sgd-dampening", "sgd dampens the gradient that joins the momentum, but for the first", {"sgd": {**rate, "momentum": 0.8, "dampening": 0.3}})
optimizer("sgd-dampening-no-momentum", "sgd without momentum has nothing to dampen", {"sgd": {**rate, "dampening": 0.3}})
optimizer("sgd-nesterov", "sgd by Nesterov looks ahead", {"sgd": {**rate, "momentum": 0.8, "nesterov": True}})
optimizer("sgd-everything", "sgd decays weights with momentum and dampening", {"sgd": {**rate, "momentum": 0.6, "dampening": 0.5, "weightDecay": 0.1}})
optimizer("sgd-nesterov-weight-decay", "sgd by Nesterov adds weight decay before the momentum", {"sgd": {**rate, "momentum": 0.6, "nesterov": True, "weightDecay": 0.1}})
optimizer("momentum-default", "momentum is sgd with a momentum of 0.9", "momentum")
optimizer("nesterov-default", "nesterov is sgd with Nesterov's momentum of 0.9", "nesterov")
optimizer("adagrad", "adagrad divides by the root of all squares so far", {"adagrad": rate})
optimizer("adagrad-default", "adagrad has the defaults of PyTorch", "adagrad")
optimizer("adagrad-options", "adagrad lets its rate decay and begins from the accumulator given", {"adagrad": {**rate, "learningRateDecay": 0.2, "initialAccumulator": 0.5, "epsilon": 0.01}})
optimizer("adagrad-weight-decay", "adagrad adds weight decay to the gradient", {"adagrad": {**rate, "weightDecay": 0.1}})
optimizer("rmsprop", "rmsprop divides by the root of a fading mean of squares", {"rmsprop": {"learningRate": 0.02, "smoothing": 0.8}})
optimizer("rmsprop-default", "rmsprop has the defaults of PyTorch", "rmsprop")
optimizer("rmsprop-epsilon", "rmsprop adds its epsilon outside the root", {"rmsprop": {"learningRate": 0.02, "epsilon": 0.1}})
optimizer("rmsprop-centered", "rmsprop centered takes the mean of the gradients off", {"rmsprop": {"learningRate": 0.02, "smoothing": 0.8, "centered": True, "epsilon": 0.01}})
optimizer("rmsprop-momentum", "rmsprop puts its momentum on the divided gradient", {"rmsprop": {"learningRate": 0.02, "smoothing": 0.8, "momentum": 0.6}})
optimizer("rmsprop-everything", "rmsprop is centered with momentum and weight decay", {"rmsprop": {"learningRate": 0.02, "smoothing": 0.8, "momentum": 0.6, "centered": True, "weightDecay": 0.1, "epsilon": 0.01}})
optimizer("adam", "adam corrects the bias of both of its means", {"adam": {"learningRate": 0.05, "beta1": 0.7, "beta2": 0.9}})
optimizer("adam-default", "adam has the defaults of PyTorch", "adam")
optimizer("adam-epsilon", "adam adds its epsilon to the corrected root", {"adam": {"learningRate": 0.05, "epsilon": 0.1}})
optimizer("adam-weight-decay", "adam adds weight decay to the gradient", {"adam": {"learningRate": 0.05, "weightDecay": 0.1}})
optimizer("adamw", "adamW decays weights apart from the gradient", {"adamW": {"learningRate": 0.05, "weightDecay": 0.2, "beta1": 0.7, "beta2": 0.9}})
optimizer("adamw-default", "adamW decays weights by 0.01 unless told otherwise", "adamW")
optimizer("radam", "radam divides by the second moment once rho is above 5", {"radam": {"learningRate": 0.05, "beta1": 0.7, "beta2": 0.9, "epsilon": 0.1}}, steps=12)
optimizer("radam-default", "radam has the defaults of PyTorch", "radam")
optimizer("radam-weight-decay", "radam adds weight decay to the gradient", {"radam": {"learningRate": 0.05, "beta2": 0.8, "weightDecay": 0.1}})
# Gradients as small as the epsilon that an optimizer has by default.
for name, power in [("adam", 13), ("adamW", 13), ("rmsprop", 13), ("adagrad", 17)]:
    small_gradient = {"x": [[2.0**-power]], "y": [[2.0**-power + 2.0 ** -(power + 1)]], "init": [[1]], "rows": (1,)}
    trace(f"optimizers/{name.lower()}-tiny-gradient", f"{name} has the epsilon of PyTorch unless told otherwise", [1], [dense(1, bias=False)], "mse", {name: {"learningRate": 0.1}}, steps=2, keep=(1, 2), **small_gradient)
optimizer("clip-norm", "clipping by norm shortens all gradients alike", {"sgd": rate}, clip={"norm": {"maximum": 0.5}})
optimizer("clip-norm-loose", "clipping by norm leaves a short gradient as it is", {"sgd": rate}, clip={"norm": {"maximum": 50}})
optimizer("clip-value", "clipping by value bounds each element of the gradient", {"sgd": {**rate, "momentum": 0.8}}, clip={"value": {"maximum": 0.1}})
optimizer("clip-decay", "clipping comes before weight decay", {"adamW": {"learningRate": 0.05, "weightDecay": 0.2}}, clip={"norm": {"maximum": 0.25}})
optimizer("clip-coupled-decay", "clipping leaves out the weight decay that joins the gradient", {"sgd": {**rate, "weightDecay": 0.3}}, clip={"value": {"maximum": 0.1}})

schedule("warm-up", "warm-up raises the rate in a line, and its last update has the whole", {"constant": {"warmUp": 4}})
schedule("step", "step decay multiplies the rate each so many updates", {"step": {"every": 3, "factor": 0.5}})
schedule("step-warm-up", "step decay counts from the end of the warm-up", {"step": {"every": 3, "factor": 0.5, "warmUp": 2}})
schedule("exponential", "exponential decay multiplies the rate with every update", {"exponential": {"factor": 0.8}})
schedule("exponential-warm-up", "exponential decay counts from the end of the warm-up", {"exponential": {"factor": 0.8, "warmUp": 3}})
schedule("cosine", "cosine decay lets the rate fall to 0 and stay there", {"cosine": {"updates": 7}})
schedule("cosine-warm-up", "cosine decay counts from the end of the warm-up and ends at its minimum", {"cosine": {"updates": 6, "minimum": 0.2, "warmUp": 3}}, steps=12, keep=(1, 2, 12))
schedule("plateau", "a plateau lowers the rate after as many windows as its patience, down to its minimum", {"plateau": {"window": 2, "patience": 2, "factor": 0.3, "minimum": 0.05, "threshold": 0.1}}, steps=24, keep=(1, 10, 24))
schedule("plateau-warm-up", "a plateau looks at no loss of the warm-up", {"plateau": {"window": 1, "patience": 2, "factor": 0.5, "minimum": 0, "threshold": 0.02, "warmUp": 4}}, steps=16, keep=(1, 10, 16))
trace("schedules/adamw-warm-up", "a schedule scales the decoupled weight decay too", [3], small, "mse", {"adamW": {"learningRate": 0.05, "weightDecay": 0.5}}, schedule={"exponential": {"factor": 0.7, "warmUp": 3}})


def main(check):
    different = []
    total = 0
    for path, make in traces:
        try:
            text = written_out(make())
        except Exception as error:
            raise Exception(path) from error
        total += len(text.encode())
        file = os.path.join(target_folder, path + ".json")
        if check:
            if not os.path.exists(file) or open(file, encoding="utf-8").read() != text:
                different.append(path)
            continue
        os.makedirs(os.path.dirname(file), exist_ok=True)
        with open(file, "w", encoding="utf-8") as out:
            out.write(text)
    print(f"{len(traces)} traces, {total} bytes")
    if different:
        sys.exit("differ from what this script makes: " + ", ".join(different))


main("--check" in sys.argv)
