"""grpc_origin.py PORT: the service of the interoperability cases by grpcio, in clear."""
import sys
import time
from concurrent import futures

import grpc

from grpc_testing import INITIAL, TRAILING, messages, services


def echo_metadata(context):
    for key, value in context.invocation_metadata():
        if key == INITIAL:
            context.send_initial_metadata(((key, value),))
        if key == TRAILING:
            context.set_trailing_metadata(((key, value),))


def payload(size):
    return messages.Payload(body=bytes(size))


class TestService(services.TestServiceServicer):
    def EmptyCall(self, request, context):
        return messages.Empty()

    def UnaryCall(self, request, context):
        echo_metadata(context)
        if request.response_status.code:
            context.abort(code_of(request), request.response_status.message)
        return messages.SimpleResponse(payload=payload(request.response_size))

    def StreamingInputCall(self, requests, context):
        total = sum(len(request.payload.body) for request in requests)
        return messages.StreamingInputCallResponse(aggregated_payload_size=total)

    def StreamingOutputCall(self, request, context):
        yield from answers_to(request)

    def FullDuplexCall(self, requests, context):
        echo_metadata(context)
        for request in requests:
            if request.response_status.code:
                context.abort(code_of(request), request.response_status.message)
            yield from answers_to(request)


def answers_to(request):
    for wanted in request.response_parameters:
        time.sleep(wanted.interval_us / 1e6)
        yield messages.StreamingOutputCallResponse(payload=payload(wanted.size))


def code_of(request):
    wanted = request.response_status.code
    return next(code for code in grpc.StatusCode if code.value[0] == wanted)


server = grpc.server(futures.ThreadPoolExecutor(max_workers=16))
services.add_TestServiceServicer_to_server(TestService(), server)
server.add_insecure_port(f"127.0.0.1:{sys.argv[1]}")
server.start()
server.wait_for_termination()
