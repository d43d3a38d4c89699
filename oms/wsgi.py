import os

from django.core.wsgi import get_wsgi_application

from oms.memory import give_back_each_minute

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oms.settings")
application = get_wsgi_application()
give_back_each_minute()
