/** A file that is not what its name says. The scanner makes a gap of it; nothing else sees it. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable';
  /** Where in the text, in UTF-16 code units. */
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}
