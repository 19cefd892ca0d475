/** Paints the live view again and again. */
import type { StatusDocument } from "../../status/document.ts";
import { Screen } from "../terminal/screen.ts";
import { courseScore, livePicture } from "./picture.ts";

const longestCourse = 600;

export class LiveView {
  readonly #screen = new Screen(process.stdout);
  readonly #course: number[];
  #latest: StatusDocument | null = null;

  /** @param course scores before the first document */
  constructor(course: readonly number[] = []) {
    this.#course = course.slice(-longestCourse);
  }

  show(document: StatusDocument): void {
    const score = courseScore(document);
    if (score !== null) this.#course.push(score);
    if (this.#course.length > longestCourse) this.#course.shift();
    this.#latest = document;
    this.#paint(document, null);
  }

  /** Shows the latest state with why it is old. */
  lost(why: string): void {
    if (this.#latest !== null) this.#paint(this.#latest, why);
  }

  #paint(document: StatusDocument, lost: string | null): void {
    this.#screen.paint(livePicture(document, this.#course, this.#screen.width, lost));
  }

  /** Keeps the last picture on the terminal. */
  close(): void {
    this.#screen.close();
  }
}
