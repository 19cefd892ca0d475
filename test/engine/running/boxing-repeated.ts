/** What a floating-point number that leaves a function costs: the counter-example of the allocation test. */
const kept: { value: number }[] = [{ value: 0 }];

export default function repeat(): void {
  for (let i = 0; i < 1_000_000; i++) kept[0] = { value: i + 0.5 };
}
