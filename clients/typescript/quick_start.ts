// Trains a network and has a digit read, by the types that were generated from the document.

import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

const api = createClient<paths>({ baseUrl: process.argv[2] });

async function train(): Promise<components["schemas"]["JobBody"]> {
  const body = { preset: "linear", epochs: 1, train_samples: 5000, seed: 1 } as const;
  const submitted = await api.POST("/v1/jobs", { body });
  if (submitted.error) throw new Error(submitted.error.detail);
  if (!("id" in submitted.data)) throw new Error("this was to be trained, not only checked");
  let job = submitted.data;
  while (job.finished_at === null) {
    const params = { path: { job_id: job.id }, query: { wait: 30 } };
    const read = await api.GET("/v1/jobs/{job_id}", { params });
    if (read.error) throw new Error(read.error.detail);
    job = read.data;
  }
  return job;
}

const job = await train();
if (job.model_id === null) throw new Error(job.error?.detail);
const { data: sample } = await api.GET("/v1/datasets/{name}/samples/{index}", {
  params: { path: { name: "mnist", index: 0 }, query: { split: "test" } },
  parseAs: "arrayBuffer",
});
if (!sample) throw new Error("there is no sample");
const b64 = Buffer.from(sample).toString("base64");
const { data: read, error } = await api.POST("/v1/models/{model}/predict", {
  params: { path: { model: job.model_id } },
  body: { instances: [{ b64 }] },
});
if (error) throw new Error(error.detail);
console.log(job.status, read.predictions[0]?.label);
