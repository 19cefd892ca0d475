/** An answer that refuses a request: its status, the code that S3 clients know, and one sentence. */
export class HostError extends Error {
  override name = "HostError";
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, sentence: string) {
    super(sentence);
    this.status = status;
    this.code = code;
  }
}
