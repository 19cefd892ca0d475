export { takeLogarithm } from "../../logarithm.ts";
