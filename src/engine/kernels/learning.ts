/**
 * Kernels that the learner calls one by one instead of through a program: each is a whole step of an expert or a rule.
 * Pointers are byte offsets in the arena; `assembly/` says what each reads and writes.
 */
export interface LearningKernels {
  nearestRows(
    inputs: number,
    weights: number,
    columns: number,
    stride: number,
    columnCount: number,
    start: number,
    end: number,
    found: number,
    wanted: number,
    nearest: number,
    places: number,
    scratch: number,
  ): number;
  followSquares(
    squares: number,
    count: number,
    gradients: number,
    rows: number,
    inputs: number,
    floor: number,
    largest: number,
  ): void;
  logarithms(results: number, numbers: number, count: number): void;
  gaussianPosterior(
    answers: number,
    row: number,
    counts: number,
    means: number,
    squares: number,
    inputs: number,
    stride: number,
    classes: number,
    extra: number,
    prior: number,
    tempering: number,
  ): void;
  gaussianLearn(
    row: number,
    counts: number,
    means: number,
    squares: number,
    stride: number,
    classes: number,
    label: number,
    forgetting: number,
  ): void;
  leastSquaresUpdate(
    weights: number,
    p: number,
    gain: number,
    row: number,
    size: number,
    target: number,
    forgetting: number,
    largestError: number,
    smallest: number,
  ): void;
  stackLogits(
    mixed: number,
    logits: number,
    answers: number,
    weights: number,
    experts: number,
    classes: number,
  ): void;
  stackLearn(
    weights: number,
    m: number,
    gradient: number,
    direction: number,
    mixed: number,
    logits: number,
    experts: number,
    classes: number,
    label: number,
    forgetting: number,
    largestTrace: number,
  ): void;
}
