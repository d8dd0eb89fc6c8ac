// Where does randomness come from? From the caller, always. (SPEC 0.2)

/** Returns `length` fresh, uniform bytes. Production entries pass the platform's generator. */
export type Random = (length: number) => Uint8Array
