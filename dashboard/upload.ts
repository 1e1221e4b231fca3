/**
 * Sends a file and reports the progress. `fetch` cannot do that in every browser, so this is the only place that uses
 * `XMLHttpRequest`. The answer is returned as a `Response`, so that callers need not know the difference.
 */

/** Called with the share that has been sent, from 0 to 1; 1 means that all of it has left this browser. */
export type Progress = (share: number) => void

/** Posts `file` unchanged with the content type `type`. A lost connection is a `TypeError`, as with `fetch`. */
export function upload(
  url: string,
  file: File,
  type: string,
  onProgress: Progress,
  signal: AbortSignal,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    const cancel = () => request.abort()
    const fail = (error: Error) => () => {
      signal.removeEventListener('abort', cancel)
      reject(error)
    }
    request.upload.onprogress = ({ lengthComputable, loaded, total }) => {
      if (lengthComputable && total > 0) onProgress(loaded / total)
    }
    request.upload.onload = () => onProgress(1)
    request.onload = () => {
      signal.removeEventListener('abort', cancel)
      const { status, statusText, responseText } = request
      resolve(new Response(status === 204 ? null : responseText, { status, statusText }))
    }
    request.onerror = fail(new TypeError('the request failed'))
    request.onabort = fail(new DOMException('the import was cancelled', 'AbortError'))
    request.open('POST', url)
    request.setRequestHeader('content-type', type)
    signal.addEventListener('abort', cancel)
    if (signal.aborted) cancel()
    else request.send(file)
  })
}
