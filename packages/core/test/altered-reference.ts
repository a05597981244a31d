import type { ImageDestination } from "../src/contract/image-destination.ts";
import type { ImageReference } from "../src/contract/image-reference.ts";
import type { ImageSource } from "../src/contract/image-source.ts";

/** The same reference with a wrapped destination or source. */
export function altered(
  reference: ImageReference,
  {
    source = {},
    destination = {},
  }: {
    source?: Partial<ImageSource> | ((real: ImageSource) => Partial<ImageSource>);
    destination?:
      | Partial<ImageDestination>
      | ((real: ImageDestination) => Partial<ImageDestination>);
  },
): ImageReference {
  return Object.assign(Object.create(reference) as ImageReference, {
    newImageSource: async () => {
      const real = await reference.newImageSource();
      return behind(real, typeof source === "function" ? source(real) : source);
    },
    newImageDestination: async () => {
      const real = await reference.newImageDestination?.();
      if (real === undefined) throw new Error("cannot be written to");
      return behind(real, typeof destination === "function" ? destination(real) : destination);
    },
  });
}

function behind<Real extends object>(real: Real, over: Partial<Real>): Real {
  return new Proxy(real, {
    get(target, key) {
      if (key in over) return over[key as keyof Real];
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}
