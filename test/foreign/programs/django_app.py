"""An application of Django in one file: `gunicorn django_app:app`."""
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path

settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="only for tests",
    DATA_UPLOAD_MAX_MEMORY_SIZE=None,
)


def index(_request):
    return HttpResponse("hello")


def length(request):
    return HttpResponse(str(len(request.body)))


urlpatterns = [path("", index), path("length", length)]
app = get_wsgi_application()
