// The HTTP interface with fastify: its options, its log, and its errors.
import { maxHeaderSize, METHODS, type RequestListener, type Server } from 'node:http'
import swagger from '@fastify/swagger'
import {
  fastify,
  LogController,
  type FastifyError,
  type FastifyHttpOptions,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify'
import type { Logger } from 'pino'
import { largestBody, parseBody } from './body'
import { RequestError, refusalOf } from './refusal'
import { declareRoutes, type Served } from './routes'
import { schemas } from './schemas'

// JSON is UTF-8, and its type has no charset (RFC 8259).
const json = 'application/json'

function log(request: FastifyRequest, reply: FastifyReply, body?: object): void {
  const { method, url } = request
  const { statusCode: status, elapsedTime } = reply
  request.log[status >= 500 ? 'error' : 'debug']({ method, url, status, ms: Math.round(elapsedTime), body }, 'request')
}

function refuse(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const { status, body } = refusalOf(error)
  void reply.code(status)
  log(request, reply, body)
  // As bytes, for there are refusals that no route's hooks and schemas see.
  void reply.type(json).send(Buffer.from(`${JSON.stringify(body)}\n`))
}

function options(logger: Logger): FastifyHttpOptions<Server> {
  return {
    loggerInstance: logger,
    // What is logged of a request is `log`'s.
    logController: new LogController({ disableRequestLogging: true }),
    exposeHeadRoutes: false,
    bodyLimit: largestBody,
    // An id that is too long is refused as such.
    routerOptions: { maxParamLength: maxHeaderSize },
    // Refuses values of a wrong type instead of converting them, and unknown ones instead of removing them.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false, allowUnionTypes: true } },
    frameworkErrors: refuse,
  }
}

/** Reads bodies as JSON, of the one method that has them. */
function readBodies(app: FastifyInstance): void {
  for (const method of METHODS) {
    if (method !== 'PUT') app.addHttpMethod(method, { hasBody: false, overrideExisting: true })
  }
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, text, done) => {
    done(null, parseBody(String(text)))
  })
}

/** Makes the request listener for a server of HTTP. */
export async function createApi(served: Served, logger: Logger): Promise<RequestListener> {
  const app = fastify(options(logger))
  readBodies(app)
  app.setErrorHandler(refuse)
  app.addHook('onRequest', (request, _reply, done) => {
    if (request.is404) throw new RequestError(404, `${request.method} ${request.url}`)
    // Ignores the content type: `curl -d` sends that of a form.
    delete request.headers['content-type']
    done()
  })
  app.addHook('onSend', (_request, reply, payload, done) => {
    const isAnswer = typeof payload === 'string' && String(reply.getHeader('content-type')).startsWith(json)
    if (isAnswer) void reply.header('content-type', json)
    done(null, isAnswer ? `${payload}\n` : payload)
  })
  app.addHook('onResponse', (request, reply, done) => {
    if (reply.statusCode < 400) log(request, reply)
    done()
  })
  for (const schema of schemas) app.addSchema(schema)
  await app.register(swagger, {
    openapi: { openapi: '3.1.0', info: { title: 'netloom-dhcp-agent', version: '1' } },
    convertConstToEnum: false,
    refResolver: {
      buildLocalReference: (json, _base, _fragment, i) => (typeof json.$id === 'string' ? json.$id : `def-${i}`),
    },
  })
  declareRoutes(app, served)
  await app.ready()
  return (request, response) => {
    app.routing(request, response)
  }
}
