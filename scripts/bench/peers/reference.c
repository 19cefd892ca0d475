/*
 * The native reference: one training step (forward, backward, update) in C with 128-bit vectors and a register-blocked
 * matrix product. All memory is allocated before the first step.
 *
 *   reference <data> <batch> <loss> <optimizer> <learning rate> <length> <channels> <layer>...
 *
 * <data> holds float32: inputs [batch, channels, length], targets, then every parameter in PyTorch's layout. A layer is
 * one of dense:<outputs>:<bias 0 or 1>, conv1d:<outputs>:<kernel>, maxPool1d, globalAveragePool, relu, tanh, sigmoid.
 * Every line on standard input is a number of steps to make; the answer is the nanoseconds and the last step's loss.
 */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef float f4 __attribute__((vector_size(16), may_alias));
typedef float f4u __attribute__((vector_size(16), aligned(4), may_alias));

#define INLINE static inline __attribute__((always_inline))

static void *zeroed(size_t floats) {
  size_t bytes = (floats * sizeof(float) + 127) / 64 * 64;
  void *memory = aligned_alloc(64, bytes);
  if (!memory) exit(1);
  return memset(memory, 0, bytes);
}

static int padded(int count) { return (count + 3) / 4 * 4; }

/* ---- Matrix product: c [m, n] = a [m, k] b [k, n], where a(m, k) stands at a[m * am + k * ak]. ---- */

enum { panelRows = 256, panelColumns = 8 };
static float panel[panelRows * panelColumns] __attribute__((aligned(64)));

/* rows and vectors are constants of at most 8 blocks wherever this is called, so that all sums are registers. */
INLINE void block(const int rows, const int vectors, int k, const float *restrict a, int am, int ak,
                  const float *restrict b, int bk, const float *start, int startStride, float *c, int cm) {
  f4 sum[8];
#pragma GCC unroll 8
  for (int r = 0; r < rows; r++)
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++)
      sum[r * vectors + v] = start ? (f4) * (const f4u *)(start + r * startStride + 4 * v) : (f4){0, 0, 0, 0};
  for (int i = 0; i < k; i++) {
    f4 column[8];
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++) column[v] = *(const f4u *)(b + i * bk + 4 * v);
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++) {
      float x = a[r * am + i * ak];
      f4 row = {x, x, x, x};
#pragma GCC unroll 8
      for (int v = 0; v < vectors; v++) sum[r * vectors + v] += row * column[v];
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < rows; r++)
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++) *(f4u *)(c + r * cm + 4 * v) = sum[r * vectors + v];
}

/* One row by four columns: four sums side by side, or the additions would wait for each other. */
INLINE void narrow(int k, const float *restrict a, int ak, const float *restrict b, int bk, const float *start,
                   float *c) {
  f4 sum[4] = {{0}};
  int i = 0;
  for (; i + 4 <= k; i += 4)
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++) {
      float x = a[(i + j) * ak];
      sum[j] += (f4){x, x, x, x} * *(const f4u *)(b + (i + j) * bk);
    }
  for (; i < k; i++) {
    float x = a[i * ak];
    sum[0] += (f4){x, x, x, x} * *(const f4u *)(b + i * bk);
  }
  f4 total = (sum[0] + sum[1]) + (sum[2] + sum[3]);
  if (start) total += *(const f4u *)start;
  *(f4u *)c = total;
}

/* All rows against one panel of 4 or 8 columns. */
INLINE void strip(const int vectors, int m, int k, const float *a, int am, int ak, const float *b, int bk,
                  const float *start, int startStride, float *c, int cm) {
  int r = 0;
  for (; r + 4 <= m; r += 4)
    block(4, vectors, k, a + r * am, am, ak, b, bk, start ? start + r * startStride : 0, startStride, c + r * cm, cm);
  const float *from = start ? start + r * startStride : 0;
  if (m - r == 3) block(3, vectors, k, a + r * am, am, ak, b, bk, from, startStride, c + r * cm, cm);
  if (m - r == 2) block(2, vectors, k, a + r * am, am, ak, b, bk, from, startStride, c + r * cm, cm);
  if (m - r == 1) block(1, vectors, k, a + r * am, am, ak, b, bk, from, startStride, c + r * cm, cm);
}

/* n is a multiple of 4. What is added to: nothing (start is null), a row for all (stride 0) or a matrix (c itself). */
static void product(int m, int n, int k, const float *a, int am, int ak, const float *b, int bk, const float *start,
                    int startStride, float *c, int cm) {
  int j = 0;
  if (m == 1) {
    for (; j + 32 <= n; j += 32) block(1, 8, k, a, am, ak, b + j, bk, start ? start + j : 0, 0, c + j, cm);
    for (; j + 16 <= n; j += 16) block(1, 4, k, a, am, ak, b + j, bk, start ? start + j : 0, 0, c + j, cm);
    for (; j < n; j += 4) narrow(k, a, ak, b + j, bk, start ? start + j : 0, c + j);
    return;
  }
  /* Columns are copied side by side where rows enough will read them: a stride of a power of two evicts itself. */
  int copied = m >= 16 && k > 1;
  for (; j < n; j += panelColumns) {
    int wide = n - j >= panelColumns;
    for (int k0 = 0; k0 < k; k0 += panelRows) {
      int depth = k - k0 < panelRows ? k - k0 : panelRows;
      const float *from = k0 > 0 ? c + j : start ? start + j : 0;
      int fromStride = k0 > 0 ? cm : startStride;
      const float *columns = b + k0 * bk + j;
      int stride = bk;
      if (copied) {
        int width = wide ? 8 : 4;
        for (int i = 0; i < depth; i++)
          for (int v = 0; v < width; v += 4) *(f4 *)(panel + i * width + v) = *(const f4u *)(columns + i * bk + v);
        columns = panel;
        stride = width;
      }
      if (wide) strip(2, m, depth, a + k0 * ak, am, ak, columns, stride, from, fromStride, c + j, cm);
      else strip(1, m, depth, a + k0 * ak, am, ak, columns, stride, from, fromStride, c + j, cm);
    }
  }
}

/* c [inputs] = w [inputs, outputs] d [outputs], both widths padded to 4. */
static void rowsTimesVector(int inputs, int outputs, const float *w, const float *d, float *c) {
  for (int i = 0; i < inputs; i += 4) {
    f4 s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
    for (int o = 0; o < outputs; o += 4) {
      f4 x = *(const f4u *)(d + o);
      const float *row = w + i * outputs + o;
      s0 += x * *(const f4u *)row;
      s1 += x * *(const f4u *)(row + outputs);
      s2 += x * *(const f4u *)(row + 2 * outputs);
      s3 += x * *(const f4u *)(row + 3 * outputs);
    }
    typedef int i4 __attribute__((vector_size(16)));
    f4 a = __builtin_shuffle(s0, s1, (i4){0, 4, 1, 5}) + __builtin_shuffle(s0, s1, (i4){2, 6, 3, 7});
    f4 b = __builtin_shuffle(s2, s3, (i4){0, 4, 1, 5}) + __builtin_shuffle(s2, s3, (i4){2, 6, 3, 7});
    *(f4u *)(c + i) = __builtin_shuffle(a, b, (i4){0, 1, 4, 5}) + __builtin_shuffle(a, b, (i4){2, 3, 6, 7});
  }
}

/* ---- The network ---- */

enum Kind { Dense, Conv, MaxPool, AveragePool, Relu, Tanh, Sigmoid };

/* [batch, length, width]: channels last, so that the window of a convolution is one run of memory. */
typedef struct {
  int length, width; /* width is padded to 4, but for the network's input */
  float *value;
  float *gradient;    /* of the first sample's first row */
  int gradientStride; /* from sample to sample: a convolution leaves rows of zeros around its gradient */
} Tensor;

typedef struct {
  enum Kind kind;
  int channels; /* that come in, unpadded */
  int outputs, kernel, bias;
  int weightAt, biasAt; /* in parameters and gradients: weight [kernel, channels padded, outputs padded] */
  Tensor in, out;
  float *turned; /* weights as the input's gradient needs them */
} Layer;

static struct {
  int batch, layers, parameters, targets, time;
  Layer layer[32];
  float *parameter, *gradient, *first, *second, *target;
  float learningRate, loss;
  char lossKind, optimizer;
} net;

static void elementwise(const Layer *l, int backward) {
  const Tensor *t = &l->out;
  int count = t->length * t->width, samples = net.batch;
  if (t->gradientStride == count) count *= samples, samples = 1;
  for (int s = 0; s < samples; s++) {
    float *restrict y = t->value + s * count;
    float *restrict d = t->gradient + s * t->gradientStride;
    if (!backward && l->kind == Relu) for (int i = 0; i < count; i++) y[i] = y[i] > 0 ? y[i] : 0;
    if (!backward && l->kind == Tanh) for (int i = 0; i < count; i++) y[i] = tanhf(y[i]);
    if (!backward && l->kind == Sigmoid) for (int i = 0; i < count; i++) y[i] = 1 / (1 + expf(-y[i]));
    if (backward && l->kind == Relu) for (int i = 0; i < count; i++) d[i] = y[i] > 0 ? d[i] : 0;
    if (backward && l->kind == Tanh) for (int i = 0; i < count; i++) d[i] *= 1 - y[i] * y[i];
    if (backward && l->kind == Sigmoid) for (int i = 0; i < count; i++) d[i] *= y[i] * (1 - y[i]);
  }
}

static void forward(const Layer *l) {
  const Tensor *in = &l->in, *out = &l->out;
  const float *w = net.parameter + l->weightAt, *bias = l->bias ? net.parameter + l->biasAt : 0;
  int inSize = in->length * in->width, outSize = out->length * out->width;
  switch (l->kind) {
    case Dense:
      product(net.batch, out->width, l->channels, in->value, inSize, 1, w, out->width, bias, 0, out->value, outSize);
      break;
    case Conv:
      for (int s = 0; s < net.batch; s++)
        product(out->length, out->width, l->kernel * in->width, in->value + s * inSize, in->width, 1, w, out->width,
                bias, 0, out->value + s * outSize, out->width);
      break;
    case MaxPool:
      for (int t = 0; t < net.batch * out->length; t++) {
        const float *restrict x = in->value + (t / out->length * in->length + t % out->length * 2) * in->width;
        float *restrict y = out->value + t * out->width;
        for (int c = 0; c < out->width; c++) y[c] = x[c] >= x[c + out->width] ? x[c] : x[c + out->width];
      }
      break;
    case AveragePool:
      for (int s = 0; s < net.batch; s++) {
        float *restrict y = out->value + s * outSize;
        const float *restrict x = in->value + s * inSize;
        for (int c = 0; c < outSize; c++) y[c] = 0;
        for (int t = 0; t < in->length; t++)
          for (int c = 0; c < outSize; c++) y[c] += x[t * outSize + c];
        float share = 1.0f / in->length;
        for (int c = 0; c < outSize; c++) y[c] *= share;
      }
      break;
    default:
      elementwise(l, 0);
  }
}

static void addRows(float *restrict sum, const float *restrict rows, int count, int width) {
  for (int r = 0; r < count; r++)
    for (int o = 0; o < width; o++) sum[o] += rows[r * width + o];
}

/* The first layer needs no gradient of its input. */
static void backward(const Layer *l, int first) {
  const Tensor *in = &l->in, *out = &l->out;
  const float *w = net.parameter + l->weightAt;
  float *dw = net.gradient + l->weightAt, *db = net.gradient + l->biasAt;
  int inSize = in->length * in->width, outSize = out->length * out->width;
  if (l->bias) memset(db, 0, out->width * sizeof(float));
  switch (l->kind) {
    case Dense:
      product(l->channels, out->width, net.batch, in->value, 1, inSize, out->gradient, outSize, 0, 0, dw, out->width);
      if (l->bias) addRows(db, out->gradient, net.batch, out->width);
      if (first) break;
      if (net.batch < 4) {
        for (int s = 0; s < net.batch; s++)
          rowsTimesVector(in->width, out->width, w, out->gradient + s * outSize, in->gradient + s * inSize);
        break;
      }
      for (int i = 0; i < l->channels; i++)
        for (int o = 0; o < l->outputs; o++) l->turned[o * in->width + i] = w[i * out->width + o];
      product(net.batch, in->width, l->outputs, out->gradient, outSize, 1, l->turned, in->width, 0, 0, in->gradient,
              inSize);
      break;
    case Conv: {
      int window = l->kernel * in->width;
      for (int s = 0; s < net.batch; s++) {
        const float *d = out->gradient + s * out->gradientStride;
        product(window, out->width, out->length, in->value + s * inSize, 1, in->width, d, out->width, s > 0 ? dw : 0,
                out->width, dw, out->width);
        addRows(db, d, out->length, out->width);
      }
      if (first) break;
      /* As a convolution of the gradient, with zeros around, by the weights turned around. */
      for (int k = 0; k < l->kernel; k++)
        for (int i = 0; i < in->width; i++)
          for (int o = 0; o < out->width; o++)
            l->turned[((l->kernel - 1 - k) * out->width + o) * in->width + i] = w[(k * in->width + i) * out->width + o];
      for (int s = 0; s < net.batch; s++)
        product(in->length, in->width, l->kernel * out->width,
                out->gradient + s * out->gradientStride - (l->kernel - 1) * out->width, out->width, 1, l->turned,
                in->width, 0, 0, in->gradient + s * in->gradientStride, in->width);
      break;
    }
    case MaxPool:
      for (int t = 0; t < net.batch * out->length; t++) {
        int s = t / out->length, at = t % out->length * 2 * in->width;
        const float *restrict x = in->value + s * inSize + at;
        const float *restrict d = out->gradient + s * out->gradientStride + t % out->length * out->width;
        float *restrict dx = in->gradient + s * in->gradientStride + at;
        for (int c = 0; c < out->width; c++) {
          int left = x[c] >= x[c + out->width];
          dx[c] = left ? d[c] : 0;
          dx[c + out->width] = left ? 0 : d[c];
        }
      }
      break;
    case AveragePool: {
      float share = 1.0f / in->length;
      for (int s = 0; s < net.batch; s++) {
        const float *restrict d = out->gradient + s * outSize;
        float *restrict dx = in->gradient + s * in->gradientStride;
        for (int t = 0; t < in->length; t++)
          for (int c = 0; c < outSize; c++) dx[t * outSize + c] = share * d[c];
      }
      break;
    }
    default:
      elementwise(l, 1);
  }
}

static void lossAndGradient(void) {
  const Layer *last = &net.layer[net.layers - 1];
  int width = last->out.width, outputs = last->outputs;
  float total = 0;
  for (int s = 0; s < net.batch; s++) {
    const float *restrict y = last->out.value + s * width;
    float *restrict d = last->out.gradient + s * width;
    if (net.lossKind == 'm') {
      float scale = 2.0f / (net.batch * outputs);
      for (int o = 0; o < outputs; o++) {
        float error = y[o] - net.target[s * outputs + o];
        total += error * error / outputs;
        d[o] = scale * error;
      }
      continue;
    }
    int class = (int)net.target[s];
    float most = y[0], sum = 0;
    for (int o = 1; o < outputs; o++) most = y[o] > most ? y[o] : most;
    for (int o = 0; o < outputs; o++) sum += d[o] = expf(y[o] - most);
    total += logf(sum) + most - y[class];
    float scale = 1 / (sum * net.batch);
    for (int o = 0; o < outputs; o++) d[o] *= scale;
    d[class] -= 1.0f / net.batch;
  }
  net.loss = total / net.batch;
}

static void update(void) {
  float *restrict p = net.parameter, *restrict v = net.first, *restrict q = net.second;
  const float *restrict g = net.gradient;
  int count = net.parameters;
  float rate = net.learningRate;
  if (net.optimizer == 's') {
    for (int i = 0; i < count; i++) p[i] -= rate * g[i];
  } else if (net.optimizer == 'm') {
    for (int i = 0; i < count; i++) {
      v[i] = 0.9f * v[i] + g[i];
      p[i] -= rate * v[i];
    }
  } else {
    net.time++;
    float step = rate / (1 - pow(0.9, net.time)), correction = 1 / sqrt(1 - pow(0.999, net.time));
    for (int i = 0; i < count; i++) {
      v[i] = 0.9f * v[i] + 0.1f * g[i];
      q[i] = 0.999f * q[i] + 0.001f * g[i] * g[i];
      p[i] -= step * v[i] / (sqrtf(q[i]) * correction + 1e-8f);
    }
  }
}

static void step(void) {
  for (int i = 0; i < net.layers; i++) forward(&net.layer[i]);
  lossAndGradient();
  for (int i = net.layers - 1; i >= 0; i--) backward(&net.layer[i], i == 0);
  update();
}

/* ---- Building it ---- */

static Tensor tensor(int length, int width, int margin) {
  Tensor t = {length, width, zeroed((size_t)net.batch * length * width + 4), 0, (length + 2 * margin) * width};
  t.gradient = (float *)zeroed((size_t)net.batch * t.gradientStride) + margin * width;
  return t;
}

static void readFloats(FILE *file, float *to, size_t count) {
  if (fread(to, sizeof(float), count, file) != count) {
    fprintf(stderr, "the data file is too short\n");
    exit(1);
  }
}

static Tensor readInput(FILE *file, int length, int channels) {
  Tensor t = {length, channels, zeroed((size_t)net.batch * length * channels + 4), 0, 0};
  for (int s = 0; s < net.batch; s++)
    for (int c = 0; c < channels; c++)
      for (int i = 0; i < length; i++) readFloats(file, &t.value[(s * length + i) * channels + c], 1);
  return t;
}

static void describe(Layer *l, const char *text, const Tensor *in, int channels) {
  l->in = *in;
  l->channels = l->outputs = channels;
  l->kernel = 1;
  if (sscanf(text, "dense:%d:%d", &l->outputs, &l->bias) == 2) l->kind = Dense;
  else if (sscanf(text, "conv1d:%d:%d", &l->outputs, &l->kernel) == 2) l->kind = Conv, l->bias = 1;
  else if (!strcmp(text, "maxPool1d")) l->kind = MaxPool;
  else if (!strcmp(text, "globalAveragePool")) l->kind = AveragePool;
  else if (!strcmp(text, "relu")) l->kind = Relu;
  else if (!strcmp(text, "tanh")) l->kind = Tanh;
  else if (!strcmp(text, "sigmoid")) l->kind = Sigmoid;
  else {
    fprintf(stderr, "unknown layer %s\n", text);
    exit(1);
  }
  switch (l->kind) {
    case Dense: l->out = tensor(1, padded(l->outputs), 0); break;
    case Conv: l->out = tensor(in->length - l->kernel + 1, padded(l->outputs), l->kernel - 1); break;
    case MaxPool: l->out = tensor(in->length / 2, in->width, 0); break;
    case AveragePool: l->out = tensor(1, in->width, 0); break;
    default: l->out = *in; /* in place */
  }
  if (l->kind != Dense && l->kind != Conv) return;
  /* Rows are padded to 4 as well: they are read four at a time. */
  int size = l->kernel * padded(in->width) * l->out.width;
  l->weightAt = net.parameters;
  l->biasAt = net.parameters + size;
  net.parameters += size + (l->bias ? l->out.width : 0);
  l->turned = zeroed((size_t)size);
}

static void readParameters(const Layer *l, FILE *file) {
  if (l->kind != Dense && l->kind != Conv) return;
  for (int o = 0; o < l->outputs; o++)
    for (int i = 0; i < l->channels; i++)
      for (int k = 0; k < l->kernel; k++)
        readFloats(file, &net.parameter[l->weightAt + (k * l->in.width + i) * l->out.width + o], 1);
  if (l->bias) readFloats(file, net.parameter + l->biasAt, l->outputs);
}

int main(int count, char **arguments) {
  if (count < 9 || count - 8 > 32) return 2;
  FILE *file = fopen(arguments[1], "rb");
  if (!file) return 2;
  net.batch = atoi(arguments[2]);
  net.lossKind = arguments[3][0];
  net.optimizer = arguments[4][0];
  net.learningRate = atof(arguments[5]);
  net.layers = count - 8;
  int channels = atoi(arguments[7]);
  Tensor from = readInput(file, atoi(arguments[6]), channels);
  for (int i = 0; i < net.layers; i++) {
    describe(&net.layer[i], arguments[8 + i], &from, channels);
    from = net.layer[i].out;
    channels = net.layer[i].outputs;
  }
  net.parameter = zeroed(net.parameters);
  net.gradient = zeroed(net.parameters);
  net.first = zeroed(net.parameters);
  net.second = zeroed(net.parameters);
  net.targets = net.batch * (net.lossKind == 'm' ? channels : 1);
  net.target = zeroed(net.targets);
  readFloats(file, net.target, net.targets);
  for (int i = 0; i < net.layers; i++) readParameters(&net.layer[i], file);
  fclose(file);

  printf("{\"ready\":true}\n");
  fflush(stdout);
  long steps;
  while (scanf("%ld", &steps) == 1) {
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (long i = 0; i < steps; i++) step();
    clock_gettime(CLOCK_MONOTONIC, &end);
    double nanoseconds = (end.tv_sec - start.tv_sec) * 1e9 + (end.tv_nsec - start.tv_nsec);
    printf("{\"nanoseconds\":%.0f,\"loss\":%.9g}\n", nanoseconds, net.loss);
    fflush(stdout);
  }
  return 0;
}
