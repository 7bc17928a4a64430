/** An answer that says no: Connect's JSON is `{error_code, message}`. */
export class RestFailure extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
    this.name = 'RestFailure';
  }
}
