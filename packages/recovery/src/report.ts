// What does a command say? Lines for people and a document for programs. (product, Recovery kit)

/** What a command says. Neither part ever holds a secret, but for the phrase that `new-key` was asked to show. */
export interface Report {
  readonly lines: readonly string[]
  readonly document: Readonly<Record<string, unknown>>
}
