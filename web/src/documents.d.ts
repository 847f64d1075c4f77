declare module 'virtual:documents' {
  /** Of the documentation that this build has. `file` is where the texts of its folder are, by path. */
  export const documents: readonly {
    readonly path: string;
    readonly title: string;
    readonly headings: readonly string[];
    readonly file: string;
  }[];
}
