/** A plain JSON value: what expressions compute with and what contexts hold. */
export type Data = null | boolean | number | string | readonly Data[] | DataObject;
export type DataObject = { readonly [key: string]: Data };

export function isDataObject(value: Data | undefined): value is DataObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
