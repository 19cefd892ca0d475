import { describe, expect, test } from "vitest";
import { availableVariants } from "../../../src/engine/kernels/kernels.ts";
import { dropout, mse, sgd } from "../../../src/engine/model/model.ts";
import { createNetwork } from "../../../src/engine/running/network.ts";

describe.each(availableVariants())("on %s kernels", (kernels) => {
  test.each([
    ["which rounds to all of 2^32 in the mask's threshold", 1 - 2 ** -34],
    ["the largest below 1", 1 - 2 ** -53],
  ])("a probability next to 1 drops all but one in 2^32: %s", (_, probability) => {
    const model = { inputShape: [1000], layers: [dropout(probability)], loss: mse(), optimizer: sgd() };
    const network = createNetwork(model, { kernels });
    network.input.fill(1);
    network.step();
    expect(network.output).toEqual(new Float32Array(1000));
  });
});
