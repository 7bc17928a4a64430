/** Thrown by what applies a message that can never be applied: it is refused at once, and goes to the dead-letter queue. */
export class Refused extends Error {
  constructor(why: string) {
    super(why);
    this.name = 'Refused';
  }
}
