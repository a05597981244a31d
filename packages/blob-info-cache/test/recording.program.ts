import { fileBlobInfoCache } from "../src/index.ts";
import { compressedFact, gzipForm } from "./cache-facts.ts";

const [file = "", keyFile = "", name, count] = process.argv.slice(2);
const onNotice = (notice: unknown): void => {
  throw new Error(JSON.stringify(notice));
};
for (let index = 0; index < Number(count); index++) {
  const cache = fileBlobInfoCache({ file, keyFile });
  await cache.record([compressedFact(`${name} ${index}`, gzipForm(`${name} ${index}.gz`))], {
    onNotice,
  });
}
