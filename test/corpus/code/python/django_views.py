import subprocess

from django.db import connection
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.html import escape, format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import mark_safe
from django.views import View

from .models import Item


def search(request):
    text = request.GET.get('q', '')
    Item.objects.raw("SELECT * FROM item WHERE name = '%s'" % text)
    Item.objects.raw('SELECT * FROM item WHERE name = %s', [text])
    Item.objects.filter(name=text).extra(where=["name = '" + text + "'"])
    Item.objects.filter(name=text)
    with connection.cursor() as cursor:
        cursor.execute('SELECT * FROM item WHERE name = %s', [text])
        cursor.execute('SELECT * FROM item WHERE name = ' + text)
    return render(request, 'search.html', {'q': text})


def hello(request):
    name = request.POST['name']
    if name == 'x':
        return HttpResponse('<b>' + name + '</b>')
    if len(name) > 20:
        return HttpResponse(format_html('<b>{}</b>', name))
    if request.method == 'GET':
        return HttpResponse('<b>' + escape(name) + '</b>')
    return HttpResponse('<b>' + name + '</b>')


def badge(request):
    return render(request, 'b.html', {'x': mark_safe('<i>' + request.GET['x'] + '</i>')})


def as_json(request):
    return JsonResponse({'name': request.GET['name']})


def after(request):
    target = request.GET.get('next', '/')
    if url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}):
        return redirect(target)
    return redirect('/')


def leave(request):
    return HttpResponseRedirect(request.GET['next'])


class Report(View):
    def get(self, request, name):
        item = get_object_or_404(Item, pk=request.GET['id'])
        subprocess.run('report ' + item.code, shell=True)
        return self.run(request)

    def post(self, request):
        subprocess.call('report ' + request.POST['code'], shell=True)
        return HttpResponse('ok')

    def run(self, request):
        return HttpResponse('ok')
