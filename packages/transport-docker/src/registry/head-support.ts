/** Whether a registry implements HEAD for one kind of content, as far as its responses have shown. */
export class HeadSupport {
  /** HEAD and GET returned the same result, so a 404 for HEAD is reliable. */
  isReliable = false;
  /** GET found content that HEAD did not, so HEAD is not sent again. */
  isMissing = false;

  /** Compares the statuses of HEAD and GET for the same content. */
  update(head: number, get: number): void {
    const isDenied = head === 401 || head === 403;
    if (isFound(get)) this.isMissing = true;
    else if (isDenied && head === get) this.isReliable = true;
  }
}

/** True for a status of existing content. 416 is the response to a range of an empty blob. */
export function isFound(status: number): boolean {
  return status === 200 || status === 206 || status === 416;
}
