/** How many trials a test of random cases makes: so many in `npm test`, the second number in `npm run test:long`. */
export const trials = (usual: number, long: number): number =>
  process.env["RIVULET_TEST_LONG"] === undefined ? usual : long;
