// Parses and checks the body of a request: as JSON with any content type, by the library's checks and the route's schema.
import type { FastifyRequest, FastifySchemaValidationError, preHandlerHookHandler } from 'fastify'
import { wrongValue } from 'netloom/errors'
import { withLeases } from './config'

/** Bytes that a body has at most. */
export const largestBody = 16 << 20

/** Reads a body; an empty one only where none is wanted. */
export function parseBody(text: string): unknown {
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    throw wrongValue('body', 'JSON', text.slice(0, 80))
  }
}

function objectIn({ body }: FastifyRequest): Record<string, unknown> {
  if (body === undefined) throw wrongValue('body', 'JSON', '')
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw wrongValue('body', 'an object', body)
  try {
    return withLeases(body) as Record<string, unknown>
  } catch {
    // Only what no schema takes is so deep that it exhausts the stack.
    throw wrongValue('body', 'JSON of a description', 'one too deep')
  }
}

/** The id in the path, with which one in the body has to agree. */
function withId(body: Record<string, unknown>, id: string): Record<string, unknown> {
  if (body.id !== undefined && body.id !== id) throw wrongValue('id', `${id}, as in the path`, body.id)
  return { ...body, id }
}

/** The error for a refusal of a schema, with the field as in the library's errors, such as `networks[0].subnets`. */
function refusedBySchema(body: object, { instancePath, message, params }: FastifySchemaValidationError): Error {
  const parts = instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  const last = params.missingProperty ?? params.additionalProperty
  if (typeof last === 'string') parts.push(last)
  const field = parts.map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`)).join('')
  const value = parts.reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], body)
  return wrongValue(field.replace(/^\./, '') || 'body', `as its schema says (${message ?? ''})`, value)
}

/**
 * Converts a body to arguments of the library, and checks it. The library's checks come first, as they also compare fields, and their
 * errors are those that callers of the library get. The schema was validated before (`attachValidation`); its error is used if they
 * pass.
 * @param check - Throws for a wrong body.
 * @param id - The part of the path with the id of the described object.
 */
export function judged(check: (body: never) => unknown, id?: 'network' | 'port'): preHandlerHookHandler {
  return (request, _reply, done) => {
    const { validationError: refused } = request
    if (refused?.validationContext === 'params') throw refused
    const body = objectIn(request)
    const description = id === undefined ? body : withId(body, (request.params as Record<string, string>)[id] ?? '')
    if (refused !== undefined) {
      check(description as never)
      throw refusedBySchema(body, (refused.validation as [FastifySchemaValidationError])[0])
    }
    request.body = description
    done()
  }
}
