// Calls the client that Hey API made as lines of a file say, and prints each answer.
import { readFileSync } from "node:fs";
import * as sdk from "./client/index";

type Call = { url: string; headers: Record<string, string>; operation: keyof typeof sdk; path: Record<string, string>; body?: unknown };

for (const line of readFileSync(process.argv[2]!, "utf8").trim().split("\n")) {
  const { url, headers, operation, path, body } = JSON.parse(line) as Call;
  const call = sdk[operation] as (options: object) => Promise<{ data?: unknown; error?: unknown }>;
  const { data, error } = await call({ baseUrl: url, headers, path, ...(body === undefined ? {} : { body }) });
  if (error !== undefined) throw new Error(JSON.stringify(error));
  console.log(JSON.stringify(data));
}
