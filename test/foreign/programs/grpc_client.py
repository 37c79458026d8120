"""grpc_client.py ADDRESS CASE...: the interoperability cases of gRPC by grpcio. CA_FILE names the
roots that it trusts; without it, it speaks in clear. Prints a line for each case.
"""
import os
import queue
import sys

import grpc

from grpc_testing import INITIAL, TRAILING, messages, services

REQUEST_SIZES = [27182, 8, 1828, 45904]
RESPONSE_SIZES = [31415, 9, 2653, 58979]
LARGE_REQUEST = 271828
LARGE_RESPONSE = 314159


def payload(size):
    return messages.Payload(body=bytes(size))


def large_request():
    return messages.SimpleRequest(response_size=LARGE_RESPONSE, payload=payload(LARGE_REQUEST))


def output_request(size, request_size=0, interval_us=0):
    wanted = messages.ResponseParameters(size=size, interval_us=interval_us)
    return messages.StreamingOutputCallRequest(
        response_parameters=[wanted], payload=payload(request_size)
    )


def expect(found, wanted):
    if found != wanted:
        raise AssertionError(f"wanted {wanted!r}, found {found!r}")


def sizes_of(responses):
    return [len(response.payload.body) for response in responses]


def expect_failure(code, call, details=None):
    try:
        call()
    except grpc.RpcError as error:
        expect(error.code(), code)
        if details is not None:
            expect(error.details(), details)
    else:
        raise AssertionError(f"wanted {code}, found an answer")


def empty_unary(stub):
    expect(stub.EmptyCall(messages.Empty()), messages.Empty())


def large_unary(stub):
    expect(len(stub.UnaryCall(large_request()).payload.body), LARGE_RESPONSE)


def client_streaming(stub):
    requests = (
        messages.StreamingInputCallRequest(payload=payload(size)) for size in REQUEST_SIZES
    )
    expect(stub.StreamingInputCall(requests).aggregated_payload_size, sum(REQUEST_SIZES))


def server_streaming(stub):
    wanted = [messages.ResponseParameters(size=size) for size in RESPONSE_SIZES]
    request = messages.StreamingOutputCallRequest(response_parameters=wanted)
    expect(sizes_of(stub.StreamingOutputCall(request)), RESPONSE_SIZES)


class Conversation:
    """A full-duplex call in which each request waits for the answer to the one before."""

    def __init__(self, stub, **options):
        self._ready = queue.Queue()
        self.call = stub.FullDuplexCall(iter(self._ready.get, None), **options)

    def ask(self, size, request_size):
        self._ready.put(output_request(size, request_size))
        expect(len(next(self.call).payload.body), size)

    def end(self):
        self._ready.put(None)


def ping_pong(stub):
    conversation = Conversation(stub)
    for size, request_size in zip(RESPONSE_SIZES, REQUEST_SIZES):
        conversation.ask(size, request_size)
    conversation.end()
    expect(list(conversation.call), [])


def empty_stream(stub):
    expect(list(stub.FullDuplexCall(iter(()))), [])


def custom_metadata(stub):
    sent = ((INITIAL, "test_initial_metadata_value"), (TRAILING, b"\xab\xab\xab"))
    _, call = stub.UnaryCall.with_call(large_request(), metadata=sent)
    expect(dict(call.initial_metadata())[INITIAL], sent[0][1])
    expect(dict(call.trailing_metadata())[TRAILING], sent[1][1])
    conversation = Conversation(stub, metadata=sent)
    conversation.ask(LARGE_RESPONSE, LARGE_REQUEST)
    conversation.end()
    expect(list(conversation.call), [])
    expect(dict(conversation.call.initial_metadata())[INITIAL], sent[0][1])
    expect(dict(conversation.call.trailing_metadata())[TRAILING], sent[1][1])


def expect_echoed_status(stub, code, message):
    status = messages.EchoStatus(code=code.value[0], message=message)
    unary = messages.SimpleRequest(response_status=status)
    expect_failure(code, lambda: stub.UnaryCall(unary), message)
    streamed = messages.StreamingOutputCallRequest(response_status=status)
    expect_failure(code, lambda: list(stub.FullDuplexCall(iter([streamed]))), message)


def status_code_and_message(stub):
    expect_echoed_status(stub, grpc.StatusCode.UNKNOWN, "test status message")


def special_status_message(stub):
    message = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"
    expect_echoed_status(stub, grpc.StatusCode.UNKNOWN, message)


def unimplemented_method(stub):
    code = grpc.StatusCode.UNIMPLEMENTED
    expect_failure(code, lambda: stub.UnimplementedCall(messages.Empty()))


def unimplemented_service(_):
    other = services.UnimplementedServiceStub(channel)
    code = grpc.StatusCode.UNIMPLEMENTED
    expect_failure(code, lambda: other.UnimplementedCall(messages.Empty()))


def cancel_after_begin(stub):
    never = queue.Queue()
    call = stub.StreamingInputCall.future(iter(never.get, None))
    call.cancel()
    expect(call.cancelled(), True)
    never.put(None)


def cancel_after_first_response(stub):
    conversation = Conversation(stub)
    conversation.ask(RESPONSE_SIZES[0], REQUEST_SIZES[0])
    conversation.call.cancel()
    expect_failure(grpc.StatusCode.CANCELLED, lambda: next(conversation.call))
    conversation.end()


def timeout_on_sleeping_server(stub):
    slow = output_request(RESPONSE_SIZES[0], REQUEST_SIZES[0], interval_us=2_000_000)
    call = stub.FullDuplexCall(iter([slow]), timeout=0.05)
    expect_failure(grpc.StatusCode.DEADLINE_EXCEEDED, lambda: next(call))


address, cases = sys.argv[1], sys.argv[2:]
roots = os.environ.get("CA_FILE")
if roots:
    with open(roots, "rb") as file:
        channel = grpc.secure_channel(address, grpc.ssl_channel_credentials(file.read()))
else:
    channel = grpc.insecure_channel(address)
with channel:
    for name in cases:
        try:
            globals()[name](services.TestServiceStub(channel))
            print(name, "ok", flush=True)
        except Exception as error:
            print(name, repr(error).replace("\n", " "), flush=True)
