// Converts an error to an answer: a status, and a body with the library's code and the wrong field.
import type { FastifyError } from 'fastify'
import { isInvalid } from 'netloom/errors'
import { largestBody } from './body'

/** The answer to a request that is refused, or has failed. */
export interface Refusal {
  readonly status: number
  readonly body: {
    readonly error: {
      readonly code: string | undefined
      readonly message: string
      readonly field?: string | undefined
    }
  }
}

/** An error of the request as such, not of its content. */
export class RequestError extends Error {
  readonly code: string
  readonly statusCode: number

  constructor(statusCode: number, message: string, code = `ERR_NETLOOM_HTTP_${statusCode}`) {
    super(message)
    this.statusCode = statusCode
    this.code = code
  }
}

const statuses: Readonly<Record<string, number>> = {
  ERR_NETLOOM_NO_NETWORK: 404,
  ERR_NETLOOM_NO_PORT: 404,
  // Another client has created it first.
  ERR_NETLOOM_PORT_EXISTS: 409,
  ERR_NETLOOM_AGENT_CLOSED: 503,
  ERR_NETLOOM_NO_VLANS: 400,
}

/** Fastify's refusals with our codes; a path whose parts its schema refuses counts as not found. */
function ofRequest(error: FastifyError): RequestError | undefined {
  if (error instanceof RequestError) return error
  const { statusCode = 500, validationContext, message } = error
  if (validationContext === 'params') return new RequestError(404, message)
  if (statusCode === 413) return new RequestError(413, `a body has at most ${largestBody} bytes`)
  return statusCode < 500 ? new RequestError(statusCode, message) : undefined
}

/** The answer for a thrown error. */
export function refusalOf(error: FastifyError): Refusal {
  const { code, message } = ofRequest(error) ?? error
  if (isInvalid(error)) return { status: 400, body: { error: { code, message, field: error.field } } }
  const status = ofRequest(error)?.statusCode ?? statuses[code] ?? 500
  return { status, body: { error: { code, message } } }
}
