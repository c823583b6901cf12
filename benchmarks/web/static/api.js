/* What the page asks of its server. Every failure is an Error whose message can be shown. */

async function answered(request) {
  let response;
  try {
    response = await request;
  } catch {
    throw new Error("The server does not answer: is it still running?");
  }
  let body;
  try {
    body = await response.json();
  } catch {
    body = { error: `The server answered ${response.status} ${response.statusText}` };
  }
  if (!response.ok) throw new Error(body.error);
  return body;
}

export const sendPicture = (file) =>
  answered(
    fetch("/api/queries", {
      method: "POST",
      headers: { "Content-Type": "application/octet-stream", "X-Name": encodeURIComponent(file.name || "") },
      body: file,
    }),
  );

export const ask = (path, question) =>
  answered(
    fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(question),
    }),
  );

/* What is done for the search by a method, or for "copies". */
export const progress = (of) => answered(fetch(`/api/progress?of=${encodeURIComponent(of)}`)).then((body) => body.progress);
