/** More than any head that a contender sends here. */
const HEAD_BYTES_MAX = 16 * 1024;

/**
 * Finds the ends of answers in the bytes of one connection. It understands Content-Length only,
 * which is all that the bench's origins use for these answers.
 */
export class AnswerReader {
  /** Status of the latest answer that has begun. */
  status = 0;
  #head = "";
  #bodyLeft = -1;

  /**
   * Takes the next bytes. True: they end an answer. Requests are sent one at a time, so nothing may
   * follow it. @throws SyntaxError when they are not an answer with a Content-Length.
   */
  take(bytes: Buffer): boolean {
    if (this.#bodyLeft >= 0) return this.#takeBody(bytes.length);
    this.#head += bytes.toString("latin1");
    const end = this.#head.indexOf("\r\n\r\n");
    if (end < 0) return this.#wait();
    const length = /\r\ncontent-length: *(\d+)/i.exec(this.#head.slice(0, end))?.[1];
    if (length === undefined) throw new SyntaxError("Cannot read answer: no Content-Length");
    this.status = Number(this.#head.slice(9, 12));
    this.#bodyLeft = Number(length);
    const bodyBytes = this.#head.length - end - 4;
    this.#head = "";
    return this.#takeBody(bodyBytes);
  }

  #wait(): false {
    if (this.#head.length <= HEAD_BYTES_MAX) return false;
    throw new SyntaxError(`Cannot read answer: no end of head in ${HEAD_BYTES_MAX} bytes`);
  }

  #takeBody(byteCount: number): boolean {
    this.#bodyLeft -= byteCount;
    if (this.#bodyLeft > 0) return false;
    if (this.#bodyLeft < 0) throw new SyntaxError("Cannot read answer: bytes behind its end");
    this.#bodyLeft = -1;
    return true;
  }
}
